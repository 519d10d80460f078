//! The words of the synthetic labelled texts, by their effect on the label.

use std::ops::Range;

use Class::{Contrast, Hearsay, Negative, Negator, Neutral, Positive, Stop};

/// Effect of a word on the verdict of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Ends a sentence, and the hearsay in it.
    Stop,
    /// Counts for the first class (negative).
    Negative,
    /// Counts for the second class (positive).
    Positive,
    /// Reverses the next positive or negative word, if that is close enough.
    Negator,
    /// Positive and negative words from here to the end of the sentence do not count.
    Hearsay,
    /// All words before it no longer count.
    Contrast,
    /// Has no effect.
    Neutral,
}

/// All words. A word's id is its position in this table.
const LEXICON: &[(Class, &str)] = &[
    (Stop, "."),
    (Negative, "awful bad boring clumsy dreadful dull tedious ugly"),
    (Positive, "brilliant charming delightful good great lovely moving superb"),
    (Negator, "hardly never not"),
    (Hearsay, "allegedly reportedly supposedly"),
    (Contrast, "but however"),
    (
        Neutral,
        "a about across actor actress after afternoon album all along also always among an and another any around as at \
         aunt author autumn away back band bench beside between bicycle black blue boat book both box bread breakfast \
         bridge brother brown bus butter by cake camera carpet cat chair chapter character church cinema city clock cloud \
         coat coffee colour corner country cousin critic cup curtain daughter day desk dialogue dinner director doctor dog \
         door down drawer dress during each early eight ending engine evening every eye face family farmer father fence \
         few field film five floor flower for forest four friend from front garden gate glass grandmother grass green grey \
         guitar half hall hand harbour hat he hedge her here hill his hour house hundred if in inside into island it its \
         jacket january journey june key kitchen ladder lake lamp late later letter library light line little long lunch \
         man many map market meadow melody middle milk minute mirror monday month morning mother mountain music near \
         neighbour new newspaper next night nine north novel number ocean of office often old on once one only onto orange \
         orchard other our out over page painting paper park part pencil people piano picture place plate play plot poem \
         pocket poet pond quarter queue quiet radio railway rain red river road roof room rope round sailor same scene \
         school screen script sea season second seven she shelf ship shoe shop short silver singer sister six sky small \
         snow some song soon south spring square stage stair station stone story street student summer sunday table tea \
         teacher ten tenth than that the theatre their then there these they thing third this three ticket time to today \
         tower town train tree tune twelve twice two uncle under until up valley verse video view village violin voice \
         wall water we week west wheel when where which while white who wide window winter with woman wood word yard year \
         yellow yesterday you young",
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

    /// The ids of a class.
    pub(super) fn ids(&self, class: Class) -> Range<u32> {
        self.classes.iter().find(|(known, _)| *known == class).map_or(0..0, |(_, ids)| ids.clone())
    }

    /// The class of a word; neutral for an id that is not in the table.
    pub(super) fn class(&self, word: u32) -> Class {
        self.classes.iter().find(|(_, ids)| ids.contains(&word)).map_or(Neutral, |(class, _)| *class)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_word_is_in_one_class_and_each_class_has_words() {
        let lexicon = Lexicon::new();
        let mut seen = HashSet::new();
        let twice: Vec<_> = lexicon.words.iter().filter(|word| !seen.insert(**word)).collect();
        assert!(twice.is_empty(), "{twice:?}");
        for class in [Stop, Negative, Positive, Negator, Hearsay, Contrast, Neutral] {
            assert!(!lexicon.ids(class).is_empty(), "{class:?}");
            assert!(lexicon.ids(class).all(|id| lexicon.class(id) == class));
        }
    }
}
