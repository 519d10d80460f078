//! Servers that misbehave, for `data fetch`.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use sparsegate_testing::Project;

use crate::subject::end_of;
use crate::tally::{Dice, Outcome, Tally, rounds};

const FILES: [(&str, &str, &str); 3] = [
    ("train", " the cat sat \n the dog ran \n", "5e62b552fd7ab8fd1269ef8187e0f677038a346da6b94b26d72c63e0348bdd12"),
    ("valid", " a cat \n", "99cc830a471d45329221043c2f00ae0e6c3fd5734a1ce450c50a536dc7efe948"),
    ("test", " a dog \n", "f0b1ec2c4ededa8e08f6a3106ba8d02e0d1c857cd8706bfdafa8c745baf95f1c"),
];
const FAULTS: [&str; 15] = [
    "none",
    "body cut off",
    "length too short",
    "length too long",
    "endless redirects",
    "redirect to a file",
    "slow trickle",
    "other bytes",
    "a page of an error with status 200",
    "status 500",
    "an empty answer",
    "a range that was not asked for",
    "chunks that break off",
    "endless body",
    "no HTTP",
];

/// Answers one request for `text` with a fault.
fn answer(mut stream: TcpStream, url: &str, text: &str, fault: &str, from: usize) -> std::io::Result<()> {
    let head = |status: &str, headers: &str| format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
    let length = |bytes: usize| format!("content-length: {bytes}\r\n");
    let rest = &text[from..];
    let range = format!("content-range: bytes {from}-{}/{}\r\n", text.len() - 1, text.len());
    let ok = |bytes: usize| match from {
        0 => head("200 OK", &length(bytes)),
        _ => head("206 Partial Content", &(length(bytes) + &range)),
    };
    let cut = rest.len() / 2;
    let send = match fault {
        "body cut off" => ok(rest.len()) + &rest[..cut],
        "length too short" => ok(cut) + rest,
        "length too long" => ok(rest.len() + 7) + rest,
        "endless redirects" => head("302 Found", &format!("location: {url}\r\n{}", length(0))),
        "redirect to a file" => head("302 Found", &format!("location: file:///etc/passwd\r\n{}", length(0))),
        "other bytes" => ok(rest.len()) + &"x".repeat(rest.len()),
        "a page of an error with status 200" => head("200 OK", &length(19)) + "<html>no such file\n",
        "status 500" => head("500 Internal Server Error", &length(4)) + "sad\n",
        "an empty answer" => String::new(),
        "a range that was not asked for" => {
            head("206 Partial Content", "content-range: bytes 3-5/9\r\ncontent-length: 3\r\n") + "abc"
        }
        "chunks that break off" => head("200 OK", "transfer-encoding: chunked\r\n") + "4\r\n the\r\nzz",
        "no HTTP" => "SSH-2.0-OpenSSH_9.6\r\n".repeat(30),
        "slow trickle" => {
            stream.write_all(ok(rest.len()).as_bytes())?;
            for byte in rest.bytes() {
                stream.write_all(&[byte])?;
                std::thread::sleep(Duration::from_millis(2));
            }
            return Ok(());
        }
        "endless body" => {
            stream.write_all(head("200 OK", "").as_bytes())?;
            loop {
                stream.write_all(&[b'x'; 4096])?;
            }
        }
        _ => ok(rest.len()) + rest,
    };
    stream.write_all(send.as_bytes())
}

/// The first byte that a request asks for, and the file.
fn request(stream: &TcpStream) -> Option<(usize, usize)> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let file = FILES.iter().position(|(name, ..)| first.contains(name))?;
    let mut from = 0;
    for line in lines {
        let line = line.ok()?.to_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    Some((from, file))
}

#[test]
fn servers_that_misbehave() {
    let (mut dice, mut tally) = (Dice::new(9), Tally::new("first answers of the server"));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (script, faults) = channel::<&'static str>();
    let address = url.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let Some((from, file)) = request(&stream) else { continue };
            let fault = faults.try_recv().unwrap_or("none");
            let url = format!("{address}/{}.txt", FILES[file].0);
            // A client that hangs up is no matter.
            let _ = answer(stream, &url, FILES[file].1, fault, from.min(FILES[file].1.len()));
        }
    });
    let mut manifest = "name: tiny\nabout: Three lines\nreader: ptb-words\nsplit: by file\n\
                        licence: { name: CC0-1.0, redistribution: true, terms: None. }\nfiles:\n"
        .to_owned();
    for (name, text, hash) in FILES {
        manifest += &format!(
            "  {name}: {{ path: tiny/{name}.txt, url: '{url}/{name}.txt', bytes: {}, sha256: '{hash}' }}\n",
            text.len()
        );
    }
    let project = Project::with(&[("datasets/tiny.yaml", &manifest)]);
    let cached = |name: &str| fs_err::read_to_string(project.path(format!("datasets/cache/tiny/{name}.txt")));
    for round in 0..rounds(15) {
        let _ = fs_err::remove_dir_all(project.path("datasets/cache"));
        let first = FAULTS[round % FAULTS.len()];
        // The last two answers fill the queue only if the client asks again.
        let mut planned = vec![first];
        (0..dice.below(3)).for_each(|_| planned.push(*dice.one_of(&FAULTS)));
        for fault in &planned {
            script.send(fault).unwrap();
        }
        let mut outcome = Outcome::Survived;
        for attempt in 0..8 {
            let Some(answer) = end_of(project.start(&["data", "fetch", "tiny"])) else {
                outcome = Outcome::Wrong(format!("{planned:?}: hangs"));
                break;
            };
            // A file under its final name is complete at any time.
            let partial = FILES.iter().find(|(name, text, _)| cached(name).is_ok_and(|found| found != *text));
            if let Some((name, ..)) = partial {
                outcome = Outcome::Wrong(format!("{planned:?}: {name} has other content"));
                break;
            }
            let whole = FILES.iter().all(|(name, text, _)| cached(name).is_ok_and(|found| found == *text));
            match answer.code {
                Some(0) if whole => break,
                Some(4) if answer.err.contains("http://127.0.0.1") || answer.err.contains("tiny/") => {
                    outcome = Outcome::Noticed;
                    assert!(attempt < 7, "{planned:?}: {answer:?}");
                }
                _ => {
                    outcome = Outcome::Wrong(format!("{planned:?}: {answer:?}"));
                    break;
                }
            }
        }
        tally.add(first, outcome);
    }
    tally.end();
}
