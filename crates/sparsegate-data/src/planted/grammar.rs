//! The grammar of the synthetic language: an attribute grammar with a recursive generator that records the probability
//! of every word.
//!
//! ```text
//! text      = { paragraph }
//! paragraph = place(topic)  sentence { sentence }            another sentence: MORE_SENTENCES
//! sentence  = clause "."
//! clause    = phrase(n, g)  verbs(n, g)                      n: number, g: gender, both uniform
//! phrase    = determiner(n)  noun(topic, g, n)  [ relative ] relative: RELATIVE
//! relative  = "that" transitive(n)  phrase(m, _)             agrees with the noun before it
//!           | "that" phrase(m, _)  transitive(m)             the noun before it is the object
//! verbs     = intransitive(topic, n)
//!           | transitive(n)  phrase(m, _)
//!           | reflexive(n)  pronoun(g, n)
//!           | speech(n)  open(k)  clause  close(k)           k: kind of bracket, uniform
//! ```
//!
//! Relative clauses and brackets nest up to [`DEPTH`] levels. Zero or more fillers precede
//! each word, each further one with probability [`FILLER`] per cent. All fillers are equally likely, independent of all
//! other words, and do not change what follows.

use super::super::draws::Draws;
use super::lexicon::{BRACKETS, Class, Gender, Lexicon, Number, Topic};

/// Probability of a (further) filler before the next word, per cent.
const FILLER: u32 = 35;
/// Probability of another sentence in the same paragraph, per cent.
const MORE_SENTENCES: u32 = 85;
/// Probability of a relative clause after a noun, per cent.
const RELATIVE: u32 = 25;
/// Probabilities of an intransitive, transitive or reflexive verb, or a verb of speech, per cent.
const VERBS: [u32; 4] = [30, 30, 20, 20];
/// Weights of the same at the maximum depth, where verbs of speech do not occur.
const VERBS_WITHOUT_SPEECH: [u32; 4] = [30, 30, 20, 0];
/// Maximum nesting depth of relative clauses and brackets.
const DEPTH: usize = 2;

/// A text of the language with the negative log probability of each word.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Ids of the words.
    pub(super) words: Vec<u32>,
    /// `-ln p(word | all words before it)` under the grammar itself.
    ///
    /// The grammar is LL(1): the next word other than a filler reveals each choice, so this is the sum over the choices
    /// that the word reveals.
    pub(super) nats: Vec<f64>,
}

/// Generates whole sentences until they have at least `symbols` symbols; a word has `length(word)` symbols.
pub(super) fn speak(lexicon: &Lexicon, draws: Draws, symbols: usize, length: impl Fn(u32) -> usize) -> Text {
    let mut speaker = Speaker { lexicon, draws, topic: Topic::Sea, pending: 0.0, text: Text::default() };
    let (mut spoken, mut counted) = (0, 0);
    loop {
        speaker.topic = speaker.one_of(&Topic::ALL);
        speaker.say(Class::Place(speaker.topic));
        loop {
            speaker.clause(0);
            speaker.say(Class::Stop);
            spoken += speaker.text.words[counted..].iter().map(|&word| length(word)).sum::<usize>();
            counted = speaker.text.words.len();
            if spoken >= symbols {
                return speaker.text;
            }
            if !speaker.chance(MORE_SENTENCES) {
                break;
            }
        }
    }
}

struct Speaker<'a> {
    lexicon: &'a Lexicon,
    draws: Draws,
    topic: Topic,
    /// Negative log probability, in nats, of the choices that the next word will reveal.
    pending: f64,
    text: Text,
}

/// Number and gender of a noun phrase, with which its verb and pronoun agree.
type Agreement = (Number, Gender);

impl Speaker<'_> {
    fn clause(&mut self, depth: usize) {
        let subject = self.phrase(depth);
        self.verbs(subject, depth);
    }

    fn phrase(&mut self, depth: usize) -> Agreement {
        let number = self.one_of(&Number::ALL);
        self.say(Class::Determiner(number));
        let gender = self.one_of(&Gender::ALL);
        self.say(Class::Noun(self.topic, gender, number));
        if depth < DEPTH && self.chance(RELATIVE) {
            self.relative(number, depth + 1);
        }
        (number, gender)
    }

    fn relative(&mut self, head: Number, depth: usize) {
        self.say(Class::That);
        if self.chance(50) {
            self.say(Class::Transitive(head));
            self.phrase(depth);
        } else {
            let (subject, _) = self.phrase(depth);
            self.say(Class::Transitive(subject));
        }
    }

    fn verbs(&mut self, (number, gender): Agreement, depth: usize) {
        match self.choose(if depth < DEPTH { VERBS } else { VERBS_WITHOUT_SPEECH }) {
            0 => self.say(Class::Intransitive(self.topic, number)),
            1 => {
                self.say(Class::Transitive(number));
                self.phrase(depth);
            }
            2 => {
                self.say(Class::Reflexive(number));
                self.say(Class::Pronoun((number == Number::Singular).then_some(gender)));
            }
            _ => {
                self.say(Class::Speech(number));
                let kind = self.even(BRACKETS as u32) as usize;
                self.say(Class::Open(kind));
                self.clause(depth + 1);
                self.say(Class::Close(kind));
            }
        }
    }

    /// Generates any number of fillers, then a word of `class`.
    fn say(&mut self, class: Class) {
        // A filler does not reveal the choices made for the word after it.
        let choices = std::mem::take(&mut self.pending);
        while self.chance(FILLER) {
            self.word(Class::Filler);
        }
        self.pending += choices;
        self.word(class);
    }

    fn word(&mut self, class: Class) {
        let ids = self.lexicon.ids(class);
        let word = ids.start + self.even(ids.end - ids.start);
        self.text.words.push(word);
        self.text.nats.push(std::mem::take(&mut self.pending));
    }

    fn one_of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.even(values.len() as u32) as usize]
    }

    fn even(&mut self, n: u32) -> u32 {
        self.pending += f64::from(n).ln();
        self.draws.below(n)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.choose([percent, 100 - percent]) == 0
    }

    /// An index with probability proportional to its weight.
    fn choose<const N: usize>(&mut self, weights: [u32; N]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut draw = self.draws.below(total);
        let mut index = 0;
        while draw >= weights[index] {
            draw -= weights[index];
            index += 1;
        }
        self.pending += (f64::from(total) / f64::from(weights[index])).ln();
        index
    }
}
