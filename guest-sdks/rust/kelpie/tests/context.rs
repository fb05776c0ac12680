//! What a context gives, on the fake host.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::{Duration, SystemTime};

use kelpie::kv::Listing;
use kelpie::messaging::{Failure, Missed, after, cron};
use kelpie::testing::{Actor, Host, How, Level};
use kelpie::{Address, Bytes, Caller, Context, Payload, Result};

struct Relay;

#[kelpie::actor]
impl Relay {
    #[operation]
    fn forward(context: &Context, bytes: Bytes) -> Result<Bytes> {
        let reply = context.messaging().call_with_key(&neighbour(), "take", bytes, "k")?;
        context.messaging().send(&neighbour(), "note", "x")?;
        match reply {
            Payload::Bytes(bytes) => Ok(Bytes(bytes)),
            Payload::Text(_) => Err(kelpie::fail("no bytes")),
        }
    }

    #[operation]
    fn nothing() {}
}

fn neighbour() -> Address {
    Address { namespace: "default".into(), kind: "relay".into(), key: "two".into() }
}

#[test]
fn bytes_and_calls() {
    let mut relay = Actor::<Relay>::new();
    let unanswered = relay.invoke("forward", vec![1]).unwrap_err();
    assert!(
        matches!(unanswered, kelpie::Error::Unavailable(message) if message.contains("unavailable"))
    );
    assert!(relay.host().messages().is_empty(), "a failed turn sends nothing");

    relay.host().answer_calls(|call| Ok(call.argument.clone()));
    assert_eq!(relay.invoke("forward", vec![1, 2]).unwrap(), Payload::Bytes(vec![1, 2]));
    let sent = relay.host().messages();
    assert_eq!(sent[0].how, How::Call(Some("k".to_owned())));
    assert_eq!((&sent[1].how, sent[1].argument.as_text()), (&How::Send, Some("x")));
    assert_eq!(relay.invoke("nothing", "").unwrap(), "null");
    assert!(relay.invoke("forward", "text").is_err());
    assert!(relay.invoke_batch(r#"{"operation":"forward"}"#).is_err());

    relay.host().answer_calls(|_| {
        Err(Failure::Rejected { code: "no".to_owned(), message: "why".to_owned() })
    });
    let refused = relay.invoke("forward", vec![1]).unwrap_err();
    assert_eq!(refused, kelpie::fail("rejected (no): why"));
    relay.host().answer_calls(|_| Err(Failure::Unknown("lost".to_owned())));
    let lost = relay.invoke("forward", vec![1]).unwrap_err();
    assert_eq!(lost, kelpie::Error::Unknown("unknown: lost".to_owned()));
}

#[test]
fn surroundings() {
    let host = Host::new();
    let context = host.context();
    let begin = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_800_000_000_000_000_001);
    host.set_now(begin);
    assert_eq!(context.now(), begin);
    host.advance(Duration::from_millis(1));
    assert_eq!(context.now_nanoseconds(), 1_800_000_000_001_000_001);
    host.set_address("shop", "cart", "7");
    assert_eq!(context.address().kind, "cart");
    host.set_caller(Caller::Actor(neighbour()));
    assert!(matches!(context.caller(), Caller::Actor(address) if address == neighbour()));
    host.set_request_id("r-9");
    assert_eq!((context.request_id().as_str(), context.turn()), ("r-9", 1));
    assert_eq!((context.config("a"), context.secret("a")), (None, None));
    host.set_config("a", "1");
    host.set_secret("a", "2");
    assert_eq!(context.config("a").unwrap() + &context.secret("a").unwrap(), "12");
    context.log().warn("careful");
    context.log().error(format_args!("{}", 5));
    let lines = host.lines();
    assert!(matches!(&lines[..], [(Level::Warn, _), (Level::Error, five)] if five == "5"));
    context.state().save("raw");
    assert_eq!(context.state().load().unwrap(), "raw");
    context.state().clear();
    assert_eq!(host.state(), None);
}

#[test]
fn randomness_repeats_by_its_seed() {
    let of = |seed| {
        let host = Host::new();
        host.seed(seed);
        let entropy = host.context();
        let entropy = entropy.entropy();
        (entropy.bytes(20), entropy.u64(), entropy.uuid())
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    let (bytes, _, uuid) = of(1);
    assert_eq!((bytes.len(), uuid.len()), (20, 36));
    assert_eq!(uuid.as_bytes()[14], b'4');
    assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
}

#[test]
fn more_random_bytes_than_the_host_gives_at_once_are_had_in_pieces() {
    let of = |length| {
        let host = Host::new();
        let context = host.context();
        context.entropy().bytes(length)
    };
    let whole = of(2 * 65_536 + 3);
    assert_eq!(whole.len(), 2 * 65_536 + 3);
    assert!(whole.starts_with(&of(65_536)));
    assert_ne!(whole[..65_536], whole[65_536..2 * 65_536]);
}

#[test]
fn pages_are_walked() {
    let host = Host::new();
    let context = host.context();
    for number in 0..2_500 {
        context.kv().set(&format!("n/{number:04}"), vec![0; 10]);
    }
    context.kv().set("o", "");
    let keys: Vec<String> = context.kv().entries("n/").map(|entry| entry.key).collect();
    assert_eq!(keys.len(), 2_500);
    assert!(keys.is_sorted());
    let last = context.kv().entries_reversed("n/").next().unwrap();
    assert_eq!(last.key, "n/2499");
    let page = context.kv().list(Listing { after: Some("n/2499"), ..Listing::default() });
    assert_eq!((page.entries.len(), page.more), (1, false));
    context.kv().delete("o");
    assert_eq!(context.kv().get("o"), None);
    let wrong = context.kv().get_json::<i64>("n/0000").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "failed: the value of key \"n/0000\": failed: these are bytes, not JSON"
    );
}

#[test]
fn reminders_and_delays() {
    let host = Host::new();
    let context = host.context();
    let messaging = context.messaging();
    messaging.remind("n", after(Duration::from_secs(2)), Missed::Skip, "nothing", "").unwrap();
    messaging.remind("m", cron("0 8 * * 1", "UTC"), Missed::FireOnce, "nothing", "").unwrap();
    assert_eq!(messaging.reminders().unwrap(), ["m", "n"]);
    assert!(messaging.cancel_reminder("n").unwrap());
    assert!(!messaging.cancel_reminder("n").unwrap());
    messaging.send_after(&neighbour(), "nothing", "", Duration::from_secs(1)).unwrap();
    messaging.request(&neighbour(), "nothing", "", "then").unwrap();
    let ways: Vec<How> = host.messages().into_iter().map(|sent| sent.how).collect();
    assert_eq!(ways, [How::SendAfter(1_000), How::Request("then".to_owned())]);
}
