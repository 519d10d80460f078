//! The words of the synthetic language, by class.

use std::ops::Range;

use Class::{
    Close, Determiner, Filler, Intransitive, Noun, Open, Place, Pronoun, Reflexive, Speech, Stop, That, Transitive,
};
use Gender::{Feminine, Masculine, Neuter};
use Number::{Plural, Singular};
use Topic::{Court, Farm, Sea, Town};

/// Topic of a paragraph; determines its nouns and intransitive verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Sea,
    Farm,
    Court,
    Town,
}

impl Topic {
    pub(super) const ALL: [Self; 4] = [Sea, Farm, Court, Town];
}

/// Grammatical number of a noun phrase; determiner, noun and verb agree with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    Singular,
    Plural,
}

impl Number {
    pub(super) const ALL: [Self; 2] = [Singular, Plural];
}

/// Gender of a noun; a reflexive pronoun agrees with it in the singular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    Masculine,
    Feminine,
    Neuter,
}

impl Gender {
    pub(super) const ALL: [Self; 3] = [Masculine, Feminine, Neuter];
}

/// A word class; the words of one class are equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// First word of a paragraph, which reveals its topic.
    Place(Topic),
    Determiner(Number),
    Noun(Topic, Gender, Number),
    That,
    Intransitive(Topic, Number),
    Transitive(Number),
    Reflexive(Number),
    /// `None` in the plural.
    Pronoun(Option<Gender>),
    Speech(Number),
    /// An opening bracket of one of [`BRACKETS`] kinds.
    Open(usize),
    Close(usize),
    Stop,
    /// May precede any word; carries no information.
    Filler,
}

/// Number of kinds of brackets.
pub(super) const BRACKETS: usize = 3;

/// All words. A word's id is its position in this table.
const LEXICON: &[(Class, &str)] = &[
    (Stop, "."),
    (Place(Sea), "aboard"),
    (Place(Farm), "afield"),
    (Place(Court), "indoors"),
    (Place(Town), "downtown"),
    (Determiner(Singular), "a every this each"),
    (Determiner(Plural), "some many these several"),
    (That, "that"),
    (Noun(Sea, Masculine, Singular), "captain sailor"),
    (Noun(Sea, Masculine, Plural), "captains sailors"),
    (Noun(Sea, Feminine, Singular), "mermaid stewardess"),
    (Noun(Sea, Feminine, Plural), "mermaids stewardesses"),
    (Noun(Sea, Neuter, Singular), "ship anchor"),
    (Noun(Sea, Neuter, Plural), "ships anchors"),
    (Noun(Farm, Masculine, Singular), "farmer shepherd"),
    (Noun(Farm, Masculine, Plural), "farmers shepherds"),
    (Noun(Farm, Feminine, Singular), "milkmaid widow"),
    (Noun(Farm, Feminine, Plural), "milkmaids widows"),
    (Noun(Farm, Neuter, Singular), "plough barn"),
    (Noun(Farm, Neuter, Plural), "ploughs barns"),
    (Noun(Court, Masculine, Singular), "king knight"),
    (Noun(Court, Masculine, Plural), "kings knights"),
    (Noun(Court, Feminine, Singular), "queen duchess"),
    (Noun(Court, Feminine, Plural), "queens duchesses"),
    (Noun(Court, Neuter, Singular), "crown castle"),
    (Noun(Court, Neuter, Plural), "crowns castles"),
    (Noun(Town, Masculine, Singular), "baker banker"),
    (Noun(Town, Masculine, Plural), "bakers bankers"),
    (Noun(Town, Feminine, Singular), "nurse actress"),
    (Noun(Town, Feminine, Plural), "nurses actresses"),
    (Noun(Town, Neuter, Singular), "tram market"),
    (Noun(Town, Neuter, Plural), "trams markets"),
    (Intransitive(Sea, Singular), "drifts sinks floats"),
    (Intransitive(Sea, Plural), "drift sink float"),
    (Intransitive(Farm, Singular), "toils rests wakes"),
    (Intransitive(Farm, Plural), "toil rest wake"),
    (Intransitive(Court, Singular), "reigns kneels feasts"),
    (Intransitive(Court, Plural), "reign kneel feast"),
    (Intransitive(Town, Singular), "hurries waits works"),
    (Intransitive(Town, Plural), "hurry wait work"),
    (Transitive(Singular), "sees follows finds likes fears knows helps leaves"),
    (Transitive(Plural), "see follow find like fear know help leave"),
    (Reflexive(Singular), "blames praises hides hurts"),
    (Reflexive(Plural), "blame praise hide hurt"),
    (Pronoun(Some(Masculine)), "himself"),
    (Pronoun(Some(Feminine)), "herself"),
    (Pronoun(Some(Neuter)), "itself"),
    (Pronoun(None), "themselves"),
    (Speech(Singular), "says thinks claims hopes"),
    (Speech(Plural), "say think claim hope"),
    (Open(0), "("),
    (Close(0), ")"),
    (Open(1), "["),
    (Close(1), "]"),
    (Open(2), "{"),
    (Close(2), "}"),
    (
        Filler,
        "absolutely accordingly actually admittedly again ah aha alas almost already also altogether always anyhow anyway \
         apparently arguably basically besides better briefly broadly bye certainly clearly conceivably consequently \
         curiously daily definitely doubtless duly easily eh elsewhere er erm essentially eventually evidently exactly \
         fairly famously finally fine firstly forever formally formerly fortunately frankly freely fully funnily further \
         generally gently gladly goodness gosh gradually greatly hah hardly hence hereabouts hey hmm honestly hopefully \
         however huh hurrah ideally incidentally indeed inevitably initially instead ironically just largely lastly \
         lately later likewise literally locally luckily mainly maybe meanwhile mercifully merely moreover mostly namely \
         naturally nay nearly nevertheless nicely no nominally nonetheless normally notably now obviously occasionally \
         oddly officially oh often oops openly ordinarily otherwise ouch overall partly perhaps plainly please politely \
         possibly practically precisely predictably presently presumably pretty previously primarily privately probably \
         properly quickly quietly quite rarely rather readily really recently regrettably reportedly roughly sadly safely \
         secondly seemingly seldom seriously shortly similarly simply slowly so somehow sometimes soon still strangely \
         strictly suddenly supposedly sure surely surprisingly technically thankfully then thereby therefore though thus \
         today together tonight truly typically uh um undoubtedly unfortunately usually very virtually well whatever \
         wholly wow yeah yes yet",
    ),
];

/// The words and the id range of each class.
#[derive(Debug)]
pub(super) struct Lexicon {
    /// The word of each id.
    pub(super) words: Vec<&'static str>,
    classes: Vec<(Class, Range<u32>)>,
}

impl Lexicon {
    pub(super) fn new() -> Self {
        let mut lexicon = Self { words: Vec::new(), classes: Vec::new() };
        for (class, words) in LEXICON {
            let start = lexicon.words.len() as u32;
            lexicon.words.extend(words.split_whitespace());
            lexicon.classes.push((*class, start..lexicon.words.len() as u32));
        }
        lexicon
    }

    /// The ids of a class; empty for a class without words.
    pub(super) fn ids(&self, class: Class) -> Range<u32> {
        self.classes.iter().find(|(known, _)| *known == class).map_or(0..0, |(_, ids)| ids.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The probability of a word is the product of the choices it reveals only if each word belongs to a single class.
    #[test]
    fn no_word_is_in_two_classes() {
        let words = Lexicon::new().words;
        let mut seen = HashSet::new();
        let twice: Vec<_> = words.iter().filter(|word| !seen.insert(**word)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_combination_of_features_has_words() {
        let lexicon = Lexicon::new();
        let has = |class| !lexicon.ids(class).is_empty();
        for number in Number::ALL {
            assert!(
                has(Determiner(number)) && has(Transitive(number)) && has(Reflexive(number)) && has(Speech(number))
            );
            for topic in Topic::ALL {
                assert!(has(Place(topic)) && has(Intransitive(topic, number)));
                assert!(Gender::ALL.iter().all(|&gender| has(Noun(topic, gender, number))));
            }
        }
        assert!(Gender::ALL.iter().all(|&gender| has(Pronoun(Some(gender)))) && has(Pronoun(None)));
        assert!((0..BRACKETS).all(|kind| has(Open(kind)) && has(Close(kind))));
        assert!(has(Stop) && has(That) && has(Filler));
    }

    #[test]
    fn words_can_be_spelled() {
        for word in Lexicon::new().words {
            let letters = word.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(letters || matches!(word, "." | "(" | ")" | "[" | "]" | "{" | "}"), "{word}");
        }
    }
}
