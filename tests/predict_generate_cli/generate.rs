//! Generated text, and invalid command lines.

use std::io::Read as _;

use crate::files::{classifier, damaged, folder_with, language_model, with_details};
use serde_json::json;
use sparsegate_testing::{Answer, Project};

fn generate(folder: &Project, arguments: &[&str]) -> String {
    folder.go(&[&["generate", "m.safetensors"], arguments].concat()).quiet().to_owned()
}

#[test]
fn at_temperature_zero_the_most_probable_word_follows() {
    let folder = folder_with("m.safetensors", &language_model());
    assert_eq!(generate(&folder, &["--temperature", "0", "--length", "9"]), "the cat sat\nthe cat sat\nthe\n");
    let prompted = generate(&folder, &["--temperature", "0", "--length", "3", "--prompt", "sat dog the"]);
    assert_eq!(prompted, "sat dog the cat sat\n");
    assert_eq!(generate(&folder, &["--top-k", "1", "--length", "4"]), "the cat sat\n");
}

#[test]
fn a_seed_makes_the_same_text_again_and_another_another() {
    let folder = folder_with("m.safetensors", &language_model());
    let made = |seed: &str| generate(&folder, &["--seed", seed, "--length", "60", "--temperature", "2"]);
    assert_eq!(made("1"), made("1"));
    assert_ne!(made("1"), made("2"));
    let text = made("1");
    // The output ends with a newline, even if the last word is not the end of a line.
    let words = text.split_whitespace().count() + text.matches('\n').count();
    assert!((60..=61).contains(&words), "{text}");
    // A recorded result, which is the same on every machine.
    assert_eq!(
        generate(&folder, &["--seed", "5", "--length", "12", "--temperature", "2"]),
        "the cat sat\nthe the cat cat sat\nthe cat\n"
    );
}

#[test]
fn characters_are_written_as_they_are_read() {
    let reader = json!("ptb-characters");
    let file = with_details(&language_model(), "reader", reader);
    let file = with_details(&file, "words", json!(["\n", "a", "_", "b"]));
    let run = json!({ "experiment": "t", "key": "k", "dataset": "d", "sparsity": "W", "metric": "bits_per_char", "test": 1.5 });
    let folder = folder_with("m.safetensors", &with_details(&file, "run", run));
    let made = generate(&folder, &["--temperature", "0", "--length", "6", "--prompt", "a a"]);
    assert_eq!(made, "a a b\na b\n");
}

#[test]
fn careless_command_lines_are_told() {
    let folder = folder_with("m.safetensors", &language_model());
    folder.write("c.safetensors", classifier().write().unwrap());
    let go = |arguments: &[&str]| folder.go(&[&["generate"], arguments].concat());
    for temperature in ["-1", "nan", "inf", "hot"] {
        go(&["m.safetensors", "--temperature", temperature]).fails(2, &["it must be a number, 0 or above"]);
    }
    go(&["m.safetensors", "--top-k", "0"]).fails(2, &["--top-k"]);
    go(&["m.safetensors", "--length", "0"]).fails(2, &["--length"]);
    go(&["m.safetensors", "--seed", "-3"]).fails(2, &["-3"]);
    go(&["nosuch"]).fails(2, &["there is no run `nosuch`"]);
    go(&["c.safetensors"])
        .fails(2, &["c.safetensors is a classifier and cannot generate text", "help: `sparsegate predict RUN TEXT`"]);
}

#[test]
fn damaged_files_are_told_with_what_is_wrong_in_them() {
    let (folder, said) = damaged(&language_model());
    for (name, what) in said {
        folder.go(&["generate", name]).fails(4, &[&format!("error: {name}: "), what]);
    }
    folder
        .go(&["generate", "infinite.safetensors"])
        .fails(4, &["infinite.safetensors: the model's outputs are not finite"]);
}

/// Words are printed as they are generated: the first words of an endless output can be read.
#[cfg(unix)]
#[test]
fn words_come_as_they_are_made_and_a_closed_pipe_ends_them() {
    let folder = folder_with("m.safetensors", &language_model());
    let mut child = folder.start(&["generate", "m.safetensors", "--length", "1000000000000"]);
    let mut first = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    assert_eq!(Answer::of(child).quiet(), "");
}
