//! Downloads a file over HTTP.

use std::io::Read;
use std::time::Duration;

use super::super::DataError;
use super::super::cache::Cache;
use super::super::manifest::{DataFile, Manifest};
use super::FetchProgress;
use super::part::Part;

/// Maximum number of attempts; an interrupted attempt is repeated only if it received new bytes.
const ATTEMPTS: u32 = 5;
/// Timeout for a connection, and for the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Downloads `file` from `url`, resuming a partial download of an earlier attempt.
pub(super) fn download(
    cache: &Cache,
    manifest: &Manifest,
    file: &DataFile,
    url: &str,
    progress: &dyn FetchProgress,
) -> Result<(), DataError> {
    let Some(mut part) = Part::open(cache, manifest, file)? else { return Ok(()) };
    let longest = file.accepted().map(|(bytes, _)| bytes).max().unwrap_or(file.bytes);
    let cure = format!("{url} does not serve the file of the manifest; name a copy with --mirror DIR|URL");
    if part.len()? > longest {
        part.cut(0)?;
    }
    let mut old = part.len()? > 0;
    for attempt in 1.. {
        let before = part.len()?;
        if let Err(error) = receive(&mut part, file, longest, url, progress) {
            if before == 0 && part.len()? == 0 {
                part.discard();
                return Err(error);
            }
            if attempt < ATTEMPTS && matches!(error, DataError::Network { .. }) && part.len()? > before {
                continue;
            }
            return Err(error);
        }
        match part.check(&cure) {
            Ok(()) => break,
            // The partial download may belong to another file: start once more from the beginning.
            Err(_) if old => {
                part.cut(0)?;
                old = false;
            }
            Err(error) => {
                part.discard();
                return Err(error);
            }
        }
    }
    part.install()
}

/// Sends one request. Appends the missing bytes to the partial download, or starts over if the server cannot resume.
/// `longest` is the size of the longest accepted file.
fn receive(
    part: &mut Part<'_>,
    file: &DataFile,
    longest: u64,
    url: &str,
    progress: &dyn FetchProgress,
) -> Result<(), DataError> {
    let broken = |error: &dyn std::fmt::Display| DataError::Network { url: url.to_owned(), message: error.to_string() };
    let there = part.len()?;
    if there == longest && there > 0 {
        return Ok(());
    }
    let mut response = request(url, there).map_err(|error| broken(&error))?;
    if response.status().as_u16() == 416 && there > 0 {
        response = request(url, 0).map_err(|error| broken(&error))?;
    }
    let resumed = response
        .headers()
        .get("content-range")
        .and_then(|range| range.to_str().ok())
        .is_some_and(|range| range.starts_with(&format!("bytes {there}-")));
    let mut there = match response.status().as_u16() {
        206 if resumed => there,
        200 => 0,
        status => return Err(DataError::HttpStatus { url: url.to_owned(), status, cure: status_cure(status).into() }),
    };
    part.cut(there)?;
    progress.start(file, url, there, file.bytes);
    // One byte more than expected is enough to detect a longer file.
    let most = longest.saturating_sub(there).saturating_add(1);
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader().take(most);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = body.read(&mut buffer).map_err(|error| broken(&error))?;
        if read == 0 {
            break;
        }
        part.write(&buffer[..read])?;
        there += read as u64;
        progress.advance(read as u64);
    }
    if there < longest && !file.has_size(there) {
        return Err(broken(&format_args!("the connection ended after {there} of {} bytes", file.bytes)));
    }
    Ok(())
}

fn request(url: &str, from: u64) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .user_agent(concat!("sparsegate/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let request = agent.get(url).header("accept-encoding", "identity");
    if from > 0 { request.header("range", format!("bytes={from}-")).call() } else { request.call() }
}

fn status_cure(status: u16) -> &'static str {
    match status {
        404 | 410 => "the file has moved; name a copy with --mirror DIR|URL, or correct the manifest's url",
        401 | 403 | 407 | 451 => "access is restricted, or a proxy blocks it; name a copy with --mirror DIR|URL",
        429 | 500..=599 => "try again later, or name a copy with --mirror DIR|URL",
        _ => "name a copy with --mirror DIR|URL",
    }
}
