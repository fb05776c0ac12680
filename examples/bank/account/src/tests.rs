//! The account by itself, on a host in memory.

use kelpie::testing::{Actor, How};
use kelpie::{Address, Caller, Error, reject};

use super::Account;

fn opened(amount: u64) -> Actor<Account> {
    let mut account = Actor::new();
    account.invoke("open", format!(r#"{{"amount":{amount}}}"#)).unwrap();
    account
}

fn ask(account: &mut Actor<Account>, transfer: &str, operation: &str, amount: u64) -> String {
    asked(account, transfer, operation, amount).unwrap()
}

fn asked(
    account: &mut Actor<Account>,
    transfer: &str,
    operation: &str,
    amount: u64,
) -> Result<String, Error> {
    let address =
        Address { namespace: "default".into(), kind: "transfer".into(), key: transfer.into() };
    account.host().set_caller(Caller::Actor(address));
    let reply = account.invoke(operation, format!(r#"{{"amount":{amount}}}"#))?;
    Ok(reply.as_text().unwrap().to_owned())
}

fn balance(account: &mut Actor<Account>) -> String {
    account.invoke("balance", "").unwrap().as_text().unwrap().to_owned()
}

const OPENED: &str = r#"{"number":1,"sort":"opened","transfer":"","amount":100,"balance":100}"#;
const WITHDRAWN: &str =
    r#"{"number":2,"sort":"withdrawn","transfer":"t1","amount":30,"balance":70}"#;
const DONE: &str = r#"{"outcome":"done"}"#;

#[test]
fn money_moves_once_for_each_transfer() {
    let mut account = opened(100);
    for _ in 0..2 {
        assert_eq!(ask(&mut account, "t1", "withdraw", 30), DONE);
        assert_eq!(ask(&mut account, "t2", "deposit", 5), DONE);
        // Memory may be gone between any two turns.
        account.renew();
    }
    assert_eq!(balance(&mut account), r#"{"is_open":true,"balance":75,"movements":3}"#);
}

#[test]
fn a_refusal_stays_one() {
    let mut account = opened(10);
    let refused = r#"{"outcome":"refused","reason":"there are only 10"}"#;
    assert_eq!(ask(&mut account, "t1", "withdraw", 30), refused);
    ask(&mut account, "t2", "deposit", 100);
    assert_eq!(ask(&mut account, "t1", "withdraw", 30), refused);
    assert_eq!(ask(&mut account, "t3", "withdraw", 30), DONE);
}

#[test]
fn an_account_that_is_not_open_refuses() {
    let mut account = Actor::new();
    let refused = r#"{"outcome":"refused","reason":"there is no such account"}"#;
    assert_eq!(ask(&mut account, "t1", "deposit", 30), refused);
    account.invoke("open", "").unwrap();
    assert_eq!(ask(&mut account, "t1", "deposit", 30), refused);
    assert_eq!(
        account.invoke("open", "").unwrap_err(),
        reject("already-open", "this account is open")
    );
}

#[test]
fn what_was_taken_out_is_put_back_once() {
    let mut account = opened(100);
    let never = reject("not-withdrawn", "this was never taken out");
    assert_eq!(asked(&mut account, "t1", "refund", 30), Err(never.clone()));
    ask(&mut account, "t1", "withdraw", 30);
    assert_eq!(asked(&mut account, "t1", "refund", 31), Err(never.clone()));
    assert_eq!(asked(&mut account, "t2", "refund", 30), Err(never));
    for _ in 0..2 {
        assert_eq!(ask(&mut account, "t1", "refund", 30), DONE);
    }
    assert_eq!(balance(&mut account), r#"{"is_open":true,"balance":100,"movements":3}"#);
}

#[test]
fn only_transfers_move_money() {
    let mut account = opened(100);
    let refused = account.invoke("withdraw", r#"{"amount":1}"#).unwrap_err();
    assert_eq!(refused, reject("no-transfer", "only transfers move money"));
    ask(&mut account, "t1", "withdraw", 30);
    assert!(matches!(asked(&mut account, "t1", "withdraw", 20), Err(Error::Rejected { .. })));
}

#[test]
fn the_auditor_is_told_of_each_change() {
    let mut account = opened(100);
    for _ in 0..2 {
        ask(&mut account, "t1", "withdraw", 30);
        ask(&mut account, "t2", "withdraw", 1_000);
    }
    let told = account.host().messages();
    assert!(told.iter().all(|each| each.how == How::Send && each.operation == "enter"));
    assert!(told.iter().all(|each| each.target.kind == "auditor" && each.target.key == "main"));
    let told: Vec<_> = told.iter().map(|each| each.argument.as_text().unwrap()).collect();
    assert_eq!(told, [OPENED, WITHDRAWN]);
    // ... and can ask for what it has missed.
    for (after, expected) in [(0, format!("[{OPENED},{WITHDRAWN}]")), (1, format!("[{WITHDRAWN}]"))]
    {
        let asked = account.invoke("movements", format!(r#"{{"after":{after}}}"#)).unwrap();
        assert_eq!(asked, expected.as_str());
    }
}
