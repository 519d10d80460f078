use super::*;
use crate::manifest::Planted;

const SMALL: Planted = Planted { seed: 1, train: 20_000, valid: 2_000, test: 2_000 };

fn spelled(generated: &Generated, part: usize) -> Vec<&str> {
    generated.streams[part].iter().map(|&id| generated.vocabulary[id as usize].as_str()).collect()
}

/// Published results depend on the exact streams: if these hashes change, raise the reader's version.
#[test]
fn streams_are_pinned() {
    let hash = |generated: &Generated| {
        let ids = generated.streams.concat();
        blake3::hash(&ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>()).to_hex()[..16].to_owned()
    };
    assert_eq!(hash(&words(&SMALL)), "80627a65629d787a");
    assert_eq!(hash(&characters(&SMALL)), "460c23953d9d8224");
}

#[test]
fn sizes_are_as_asked() {
    for generated in [words(&SMALL), characters(&SMALL)] {
        assert_eq!(generated.streams.each_ref().map(Vec::len), [20_000, 2_000, 2_000]);
        let vocabulary = generated.vocabulary.len() as u32;
        assert!(generated.streams.iter().flatten().all(|&id| id < vocabulary));
    }
}

#[test]
fn seeds_and_parts_differ() {
    let one = words(&SMALL);
    let other = words(&Planted { seed: 2, ..SMALL });
    assert_ne!(one.streams[0], other.streams[0]);
    assert_ne!(one.streams[1], one.streams[2]);
    assert_ne!(one.streams[0][..2_000], one.streams[1][..]);
}

/// Checks the grammar's agreements on the words without fillers, independently of the generator.
#[test]
fn sentences_agree() {
    let generated = words(&SMALL);
    let informative = generated.informative.as_ref().unwrap();
    let core: Vec<&str> = generated.streams[0]
        .iter()
        .filter(|&&id| informative[id as usize])
        .map(|&id| generated.vocabulary[id as usize].as_str())
        .collect();
    let mut open = Vec::new();
    for word in &core {
        match *word {
            "(" | "[" | "{" => open.push(*word),
            ")" => assert_eq!(open.pop(), Some("(")),
            "]" => assert_eq!(open.pop(), Some("[")),
            "}" => assert_eq!(open.pop(), Some("{")),
            "." => assert!(open.is_empty()),
            _ => {}
        }
        assert!(open.len() <= 2);
    }
    let singular = ["a", "every", "this", "each"];
    let women = ["mermaid", "stewardess", "milkmaid", "widow", "queen", "duchess", "nurse", "actress"];
    let plural = ["some", "many", "these", "several"];
    let begins_clause = |word| [".", "(", "[", "{", "aboard", "afield", "indoors", "downtown"].contains(&word);
    let (reflexive, intransitive) = (["blames", "praises", "hides", "hurts"], ["drifts", "toils", "reigns", "waits"]);
    let mut seen = [false; 2];
    for five in core.windows(5) {
        let [before, determiner, noun, verb, pronoun] = five else { unreachable!() };
        if !begins_clause(before) {
            continue;
        }
        if reflexive.contains(verb) {
            seen[usize::from(women.contains(noun))] = true;
            assert_eq!(women.contains(noun), *pronoun == "herself", "{five:?}");
        }
        if reflexive.contains(verb) || intransitive.contains(verb) {
            assert!(singular.contains(determiner), "{five:?}");
        }
        if ["blame", "praise", "hide", "hurt", "drift", "toil", "reign", "wait"].contains(verb) {
            assert!(plural.contains(determiner), "{five:?}");
        }
    }
    assert_eq!(seen, [true, true]);
    // From one word of place to the next, all nouns and intransitive verbs have its topic.
    let mut place = "";
    for word in &core {
        match *word {
            "aboard" | "afield" | "indoors" | "downtown" => place = word,
            "king" | "queens" | "reign" | "kneels" => assert_eq!(place, "indoors"),
            "ship" | "sailors" | "drifts" | "sink" => assert_eq!(place, "aboard"),
            _ => {}
        }
    }
}

/// Fillers carry no information: what follows has the same distribution after a filler, after a word, and for different
/// fillers.
#[test]
fn fillers_tell_nothing() {
    let generated = words(&Planted { train: 200_000, ..SMALL });
    let informative = generated.informative.as_ref().unwrap();
    let stream = &generated.streams[0];
    let share = |of: &dyn Fn(u32) -> bool| {
        let (mut next, mut all) = (0u32, 0u32);
        for pair in stream.windows(2).filter(|pair| of(pair[0])) {
            next += u32::from(!informative[pair[1] as usize]);
            all += 1;
        }
        f64::from(next) / f64::from(all)
    };
    assert!((share(&|id| informative[id as usize]) - 0.35).abs() < 0.01);
    assert!((share(&|id| !informative[id as usize]) - 0.35).abs() < 0.01);
    let stop = generated.vocabulary.iter().position(|word| word == ".").unwrap() as u32;
    let after = |half: u32| {
        let pairs = stream.windows(2).filter(|pair| !informative[pair[0] as usize] && pair[0] % 2 == half);
        let (stops, all) = pairs.fold((0, 0), |(stops, all), pair| (stops + u32::from(pair[1] == stop), all + 1));
        f64::from(stops) / f64::from(all)
    };
    assert!((after(0) - after(1)).abs() < 0.01);
}

#[test]
fn characters_spell_the_same_language() {
    let text = spelled(&characters(&SMALL), 0).concat();
    let lexicon = Lexicon::new();
    let lines: Vec<&str> = text.lines().collect();
    for line in &lines[..lines.len() - 1] {
        assert!(line.ends_with('_'), "{line}");
        for word in line.trim_end_matches('_').split('_') {
            assert!(lexicon.words.contains(&word), "{word}");
        }
    }
}

/// Bounds on the entropy floor computed by hand: the entropy of the fillers plus that of the other words.
#[test]
fn the_floor_is_between_what_is_possible() {
    let floor = oracle(&Reader::PlantedWords(Planted { train: 100_000, ..SMALL })).unwrap();
    let fillers = Lexicon::new().ids(Class::Filler).len() as f64;
    let hesitation = -(0.35 * 0.35f64.ln() + 0.65 * 0.65f64.ln()) + 0.35 * fillers.ln();
    // In addition, 65 % of the words carry between 0.5 and 2 nats each.
    assert!(floor.train > hesitation + 0.65 * 0.5 && floor.train < hesitation + 0.65 * 2.0, "{floor:?}");
    assert!((floor.train - floor.valid).abs() < 0.1 && (floor.train - floor.test).abs() < 0.1, "{floor:?}");
    let spelled = oracle(&Reader::PlantedCharacters(SMALL)).unwrap();
    assert!(spelled.train > 0.3 && spelled.train < 0.7, "{spelled:?}");
    assert_eq!(oracle(&Reader::PtbWords), None);
}
