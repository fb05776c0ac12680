  ;; Randomness: ChaCha20 under a key of 32 bytes that the host gives for each
  ;; turn, and for the beginning of each instance. A turn that is run again gets
  ;; the same key, so it gets the same bytes; nobody else can tell them.
@global k 8
  (global $drawn (mut i64) (i64.const 0))
  (global $block (mut i64) (i64.const 0))
  (global $seeded_in_turn (mut i32) (i32.const -1))

  ;; By `get-u64` and not `get-bytes`: that would have the engine ask the program
  ;; for memory, in the midst of whatever it does.
  (func $look_at_seed
    (if (i32.eq (call $phase) (i32.const 2)) (then
      (if (i32.ne (call $turn) (global.get $seeded_in_turn)) (then
        (global.set $seeded_in_turn (call $turn))
        (global.set $block (i64.const 0))
@seed k0 k1
@seed k2 k3
@seed k4 k5
@seed k6 k7
        )))))

  (func (export "random_get") (param $to i32) (param $length i32) (result i32)
    (call $look_at_seed)
    (global.set $to (local.get $to))
    (global.set $left (local.get $length))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (global.get $left)))
        (call $put_block)
        (br $next)))
    (i32.const 0))

  ;; Where the next random byte goes, and how many are wanted.
  (global $to (mut i32) (i32.const 0))
  (global $left (mut i32) (i32.const 0))

  ;; Up to 4 bytes, the lowest first.
  (func $put_word (param $word i32)
    (if (i32.ge_u (global.get $left) (i32.const 4)) (then
      (i32.store (global.get $to) (local.get $word))
      (global.set $to (i32.add (global.get $to) (i32.const 4)))
      (global.set $left (i32.sub (global.get $left) (i32.const 4)))
      (return)))
    (loop $next
      (if (global.get $left) (then
        (i32.store8 (global.get $to) (local.get $word))
        (local.set $word (i32.shr_u (local.get $word) (i32.const 8)))
        (global.set $to (i32.add (global.get $to) (i32.const 1)))
        (global.set $left (i32.sub (global.get $left) (i32.const 1)))
        (br $next)))))

  ;; The next block, as far as it is wanted. RFC 8439 with a counter of 64 bits
  ;; and a nonce of nothing: a key serves one turn.
  (func $put_block
@locals x 16
    (local $round i32)
@set-block
    (local.set $round (i32.const 10))
    (loop $next
@quarter 0 4 8 12
@quarter 1 5 9 13
@quarter 2 6 10 14
@quarter 3 7 11 15
@quarter 0 5 10 15
@quarter 1 6 11 12
@quarter 2 7 8 13
@quarter 3 4 9 14
      (local.set $round (i32.sub (local.get $round) (i32.const 1)))
      (br_if $next (local.get $round)))
@put-block
    (global.set $block (i64.add (global.get $block) (i64.const 1))))
