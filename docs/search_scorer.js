/* How the search weighs what it finds. Who asks should meet an answer first: of two pages that fit
   equally well, the one under Ask wins. The rest are the weights that Sphinx has by itself. */

var Scorer = {
  score: ([page, , , , score]) => score + (page.startsWith("ask/") && page !== "ask/index" ? 4 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
