use super::*;
use crate::manifest::PlantedTexts;

const SMALL: PlantedTexts = PlantedTexts { seed: 1, train: 2_000, valid: 200, test: 200 };

/// The sign of the verdict of each text.
fn labels(lexicon: &Lexicon, texts: &[Vec<u32>]) -> Vec<i32> {
    texts.iter().map(|text| rule::verdict(lexicon, text).signum()).collect()
}

fn training(generated: &Generated) -> Vec<Vec<u32>> {
    (0..generated.parts[0].len()).map(|index| generated.parts[0].text(index).to_vec()).collect()
}

/// Published results depend on the exact texts: if this hash changes, raise the reader's version.
#[test]
fn texts_are_pinned() {
    let mut hasher = blake3::Hasher::new();
    for part in &texts(&SMALL).parts {
        for index in 0..part.len() {
            let ids = part.text(index).iter().chain([&u32::MAX, &part.labels()[index]]);
            hasher.update(&ids.flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>());
        }
    }
    assert_eq!(&hasher.finalize().to_hex()[..16], "6039568555fd1a2c");
}

#[test]
fn sizes_are_as_asked_and_classes_balanced() {
    let generated = texts(&SMALL);
    assert_eq!(generated.parts.each_ref().map(Texts::len), [2_000, 200, 200]);
    for part in &generated.parts {
        let second = part.labels().iter().filter(|label| **label == 1).count();
        assert_eq!(second * 2, part.len());
    }
}

#[test]
fn seeds_and_parts_differ() {
    let (one, other) = (texts(&SMALL), texts(&PlantedTexts { seed: 2, ..SMALL }));
    assert_ne!(one.parts[0].text(0), other.parts[0].text(0));
    assert_ne!(one.parts[0].text(0), one.parts[1].text(0));
    assert_ne!(one.parts[1].text(0), one.parts[2].text(0));
}

#[test]
fn lengths_vary() {
    let lengths: Vec<usize> = training(&texts(&SMALL)).iter().map(Vec::len).collect();
    let mean = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
    assert!((15.0..30.0).contains(&mean), "{mean}");
    assert!(lengths.iter().any(|&length| length < 6) && lengths.iter().any(|&length| length > 50));
}

/// Every label follows the rule, and does not change when uninformative words are replaced by other uninformative
/// words.
#[test]
fn uninformative_words_change_no_label() {
    let (lexicon, generated) = (Lexicon::new(), texts(&SMALL));
    let neutral: Vec<u32> =
        (0..generated.informative.len() as u32).filter(|id| !generated.informative[*id as usize]).collect();
    let mut draws = Draws::new("test of neutral words", &[]);
    let before = training(&generated);
    let after: Vec<Vec<u32>> = before
        .iter()
        .map(|text| {
            let mut other = |&word: &u32| {
                let swap = !generated.informative[word as usize];
                if swap { neutral[draws.below(neutral.len() as u32) as usize] } else { word }
            };
            text.iter().map(&mut other).collect()
        })
        .collect();
    assert_ne!(before, after);
    let given: Vec<i32> = generated.parts[0].labels().iter().map(|label| if *label == 1 { 1 } else { -1 }).collect();
    assert_eq!(labels(&lexicon, &before), given);
    assert_eq!(labels(&lexicon, &after), given);
}

/// For each informative word, replacing it by a neutral word changes the label of some text.
#[test]
fn every_informative_word_can_change_a_label() {
    let (lexicon, generated) = (Lexicon::new(), texts(&SMALL));
    let neutral = lexicon.ids(Class::Neutral).start;
    let training = training(&generated);
    let before = labels(&lexicon, &training);
    for id in (0..generated.informative.len() as u32).filter(|id| generated.informative[*id as usize]) {
        let without = |text: &Vec<u32>| text.iter().map(|&word| if word == id { neutral } else { word }).collect();
        let after = labels(&lexicon, &training.iter().map(without).collect::<Vec<_>>());
        assert!(before.iter().zip(&after).any(|(old, new)| old * new < 0), "{}", lexicon.words[id as usize]);
    }
}

/// A model that only counts positive and negative words is right for about half of the texts.
#[test]
fn counting_words_is_not_enough() {
    let (lexicon, generated) = (Lexicon::new(), texts(&SMALL));
    let tone = |word: &u32| match lexicon.class(*word) {
        Class::Positive => 1,
        Class::Negative => -1,
        _ => 0,
    };
    let training = training(&generated);
    let right = training.iter().zip(labels(&lexicon, &training));
    let right = right.filter(|(text, label)| text.iter().map(tone).sum::<i32>().signum() == *label).count();
    let share = right as f64 / training.len() as f64;
    assert!((0.45..0.65).contains(&share), "{share}");
}
