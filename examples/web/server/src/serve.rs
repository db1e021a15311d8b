//! The server itself.

use std::future::pending;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use percent_encoding::percent_decode_str;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::samples::Fate;
use crate::site::Site;

/// Serves the site to this machine, and prints where; for ever.
///
/// # Errors
///
/// If the port is taken.
pub fn serve(site: Site, port: u16) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        println!("http://{}/", listener.local_addr()?);
        axum::serve(listener, Router::new().fallback(answer).with_state(Arc::new(site))).await
    })
}

async fn answer(State(site): State<Arc<Site>>, uri: Uri) -> Response {
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    let Some(found) = site.get(&path) else {
        return (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response();
    };
    let body = match found.fate {
        Fate::Stalled => pending().await,
        Fate::Cut => {
            let start = found.body.slice(..found.body.len() / 2);
            Body::from_stream(stream::iter([Ok(start), Err(io::Error::other("cut on purpose"))]))
        }
        fate => {
            sleep(fate.delay()).await;
            Body::from(found.body.clone())
        }
    };
    let headers = [
        (header::CONTENT_TYPE, found.kind),
        (header::CACHE_CONTROL, "no-store"),
        // To a page that is isolated in these two ways the browser shows a finer clock.
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    ];
    (headers, body).into_response()
}
