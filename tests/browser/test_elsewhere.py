"""A reader can see the answers of one library alone; without scripts all of them are there."""

from playwright.sync_api import Browser, BrowserContext, expect

PAGE = "reference/elsewhere/kinks.html"


def test_one_library_alone(base: str, desktop: BrowserContext) -> None:
    page = desktop.new_page()
    page.goto(base + PAGE)
    names = page.locator("#relu-at-0 summary")
    assert names.count() > 10
    page.get_by_label("Show").select_option(label="HIPS Autograd")

    expect(names.filter(visible=True)).to_have_text(["HIPS Autograd"])
    # Only the answer that Autograd gives is left.
    expect(page.locator("#relu-at-0 dt").filter(visible=True)).to_have_text(["0.5"])
    # The choice stays on the next page, where other libraries have a part of their own.
    page.goto(base + "reference/elsewhere/steps.html")
    expect(page.get_by_role("heading", name="HIPS Autograd")).to_be_visible()
    expect(page.get_by_role("heading", name="PyTorch", exact=True)).to_be_hidden()
    page.close()


def test_without_scripts_all_libraries_are_shown_and_no_choice(base: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + PAGE)

    expect(page.locator("form.elsewhere-choice")).to_be_hidden()
    expect(page.locator("#relu-at-0 summary").filter(visible=True)).to_have_count(
        page.locator("#relu-at-0 summary").count()
    )
    page.locator("#relu-at-0 summary", has_text="PyTensor").click()
    expect(page.get_by_text("slopes(lambda x: pt.maximum(x, 0), 0.0)")).to_be_visible()
    context.close()
