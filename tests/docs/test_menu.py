"""The captions of the menu are labels; a heading would need a level."""

import menu


def test_a_caption_is_no_heading_without_a_level() -> None:
    caption = '<p class="caption" role="heading"><span class="caption-text">Learn</span></p>'
    context = {menu.TREE: f'{caption}\n<ul><li role="heading">One</li></ul>'}

    menu.leave_role_out(None, "", "", context, None)

    assert context[menu.TREE] == (
        '<p class="caption"><span class="caption-text">Learn</span></p>\n'
        '<ul><li role="heading">One</li></ul>'
    )
