  ;; Standard output and error: a line each in the actor's log.
  ;;
  ;; The page holds 16 KiB of either that are no whole line yet, and 16 KiB of the
  ;; program's memory while that is borrowed: the host reads a line from there.
  (global $output_length (mut i32) (i32.const 0))
  (global $error_length (mut i32) (i32.const 0))
  (global $is_lost (mut i32) (i32.const 0))
  (global $borrowed (mut i32) (i32.const 0))
  (global $at (mut i32) (i32.const 0))

  (func $may_log (result i32)
    (if (i32.eqz (call $phase)) (then (return (i32.const 0))))
    (call $page))

  (func $length (param $fd i32) (result i32)
    (if (result i32) (i32.eq (local.get $fd) (i32.const 1))
      (then (global.get $output_length)) (else (global.get $error_length))))

  (func $set_length (param $fd i32) (param $length i32)
    (if (i32.eq (local.get $fd) (i32.const 1))
      (then (global.set $output_length (local.get $length)))
      (else (global.set $error_length (local.get $length)))))

  ;; Where the page holds what was written to this descriptor.
  (func $place (param $fd i32) (result i32)
    (i32.shl (i32.sub (local.get $fd) (i32.const 1)) (i32.const 14)))

  ;; The program's first bytes are ours until they are given back.
  (func $borrow_bytes (param $count i32)
    (global.set $borrowed (local.get $count))
    (global.set $at (i32.const 0))
    (call $keep (i32.const 32768) (i32.const 0) (local.get $count)))
  (func $borrow (call $borrow_bytes (i32.const 256)))
  (func $give_back (call $fetch (i32.const 0) (i32.const 32768) (global.get $borrowed)))

  ;; Text of our own, put together in borrowed memory.
  (func $put (param $bytes i64) (param $count i32)
    (i64.store (global.get $at) (local.get $bytes))
    (global.set $at (i32.add (global.get $at) (local.get $count))))
  (func $put_number (param $number i32)
    (if (i32.ge_u (local.get $number) (i32.const 10)) (then
      (call $put_number (i32.div_u (local.get $number) (i32.const 10)))))
    (call $put
      (i64.extend_i32_u (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (i32.const 1)))
  (func $say (param $level i32)
    (call $host_log (local.get $level) (i32.const 0) (global.get $at))
    (call $give_back))

  (func (export "fd_write") (param $fd i32) (param $pieces i32) (param $count i32)
      (param $written i32) (result i32)
    (local $sum i32)
    ;; Ours alone: `weave.rs` calls it so when a turn ends.
    (if (i32.eq (local.get $fd) (i32.const -1)) (then (return (call $flush))))
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then
      (return (i32.const 8))))  ;; EBADF
    (if (i32.eqz (call $page)) (then (return (i32.const 48))))  ;; ENOMEM
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $append (local.get $fd)
          (i32.load (local.get $pieces)) (i32.load offset=4 (local.get $pieces)))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $pieces))))
        (local.set $pieces (i32.add (local.get $pieces) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (if (call $phase) (then (call $drain (local.get $fd))))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))

  ;; Takes in so many bytes. What does not fit while nothing may be logged is lost.
  (func $append (param $fd i32) (param $from i32) (param $count i32)
    (local $fits i32)
    (loop $next
      (local.set $fits (i32.sub (i32.const 16384) (call $length (local.get $fd))))
      (if (i32.lt_u (local.get $count) (local.get $fits)) (then
        (local.set $fits (local.get $count))))
      (call $keep
        (i32.add (call $place (local.get $fd)) (call $length (local.get $fd)))
        (local.get $from) (local.get $fits))
      (call $set_length (local.get $fd)
        (i32.add (call $length (local.get $fd)) (local.get $fits)))
      (local.set $from (i32.add (local.get $from) (local.get $fits)))
      (local.set $count (i32.sub (local.get $count) (local.get $fits)))
      (if (local.get $count) (then
        (if (i32.eqz (call $phase)) (then (global.set $is_lost (i32.const 1)) (return)))
        (call $drain (local.get $fd))
        (br $next)))))

  ;; Logs every whole line, and one that fills its place.
  (func $drain (param $fd i32)
    (local $length i32)
    (local $begin i32)
    (local $end i32)
    (if (global.get $is_lost) (then
      (global.set $is_lost (i32.const 0))
      (call $borrow)
      @text "more than 16 KiB were written before the turn began: the rest is lost"
      (call $say (i32.const 2))))
    (local.set $length (call $length (local.get $fd)))
    (call $borrow_bytes (local.get $length))
    (call $fetch (i32.const 0) (call $place (local.get $fd)) (local.get $length))
    (block $done
      (loop $next
        (br_if $done (i32.eq (local.get $end) (local.get $length)))
        (if (i32.eq (i32.load8_u (local.get $end)) (i32.const 10)) (then
          (call $log_line (local.get $fd) (local.get $begin) (local.get $end))
          (local.set $begin (i32.add (local.get $end) (i32.const 1)))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (if (i32.and (i32.eqz (local.get $begin)) (i32.eq (local.get $length) (i32.const 16384)))
      (then
        (local.set $begin (call $whole_characters (local.get $length)))
        (call $log_line (local.get $fd) (i32.const 0) (local.get $begin))))
    (local.set $length (i32.sub (local.get $length) (local.get $begin)))
    (call $keep (call $place (local.get $fd)) (local.get $begin) (local.get $length))
    (call $set_length (local.get $fd) (local.get $length))
    (call $give_back))

  ;; Logs all that is kept.
  (func $flush (result i32)
    (if (i32.or (global.get $output_length) (global.get $error_length)) (then
      (if (call $may_log) (then
        (call $flush_one (i32.const 1))
        (call $flush_one (i32.const 2))))))
    (i32.const 0))
  (func $flush_one (param $fd i32)
    (local $length i32)
    (call $drain (local.get $fd))
    (local.set $length (call $length (local.get $fd)))
    (if (local.get $length) (then
      (call $borrow_bytes (local.get $length))
      (call $fetch (i32.const 0) (call $place (local.get $fd)) (local.get $length))
      (call $log_line (local.get $fd) (i32.const 0) (local.get $length))
      (call $set_length (local.get $fd) (i32.const 0))
      (call $give_back))))

  ;; Output is logged as `info`, errors as `warn`.
  (func $log_line (param $fd i32) (param $begin i32) (param $end i32)
    (call $make_utf8 (local.get $begin) (local.get $end))
    (call $host_log (local.get $fd) (local.get $begin)
      (i32.sub (local.get $end) (local.get $begin))))

  ;; How many bytes of so many are no character that was cut off.
  (func $whole_characters (param $length i32) (result i32)
    (local $lead i32)
    (local $behind i32)
    (local.set $lead (i32.sub (local.get $length) (i32.const 1)))
    (loop $back
      (if (i32.lt_u (local.get $behind) (i32.const 3)) (then
        (if (i32.eq (i32.and (i32.load8_u (local.get $lead)) (i32.const 0xc0)) (i32.const 0x80))
          (then
            (local.set $lead (i32.sub (local.get $lead) (i32.const 1)))
            (local.set $behind (i32.add (local.get $behind) (i32.const 1)))
            (br $back))))))
    (if (result i32)
      (i32.gt_u (call $bytes_behind (i32.load8_u (local.get $lead))) (local.get $behind))
      (then (local.get $lead)) (else (local.get $length))))

  ;; How many bytes follow this one in a character; 0 where it begins none.
  (func $bytes_behind (param $lead i32) (result i32)
    (if (i32.lt_u (local.get $lead) (i32.const 0xc2)) (then (return (i32.const 0))))
    (if (i32.lt_u (local.get $lead) (i32.const 0xe0)) (then (return (i32.const 1))))
    (if (i32.lt_u (local.get $lead) (i32.const 0xf0)) (then (return (i32.const 2))))
    (if (i32.lt_u (local.get $lead) (i32.const 0xf5)) (then (return (i32.const 3))))
    (i32.const 0))

  ;; Puts a question mark for each byte that is not UTF-8.
  (func $make_utf8 (param $at i32) (param $end i32)
    (local $behind i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.ge_u (i32.load8_u (local.get $at)) (i32.const 0x80)) (then
          (local.set $behind (call $bytes_behind (i32.load8_u (local.get $at))))
          (if (i32.eqz (call $is_character (local.get $at) (local.get $end) (local.get $behind)))
            (then
              (i32.store8 (local.get $at) (i32.const 63))
              (local.set $behind (i32.const 0))))
          (local.set $at (i32.add (local.get $at) (local.get $behind)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  ;; Whether a character of more than one byte stands there, whole and in its one form.
  (func $is_character (param $at i32) (param $end i32) (param $behind i32) (result i32)
    (local $lead i32)
    (local $second i32)
    (if (i32.eqz (local.get $behind)) (then (return (i32.const 0))))
    (if (i32.ge_u (i32.add (local.get $at) (local.get $behind)) (local.get $end)) (then
      (return (i32.const 0))))
    (local.set $lead (i32.load8_u (local.get $at)))
    (local.set $second (i32.load8_u offset=1 (local.get $at)))
    (if (i32.and (i32.eq (local.get $lead) (i32.const 0xe0))
      (i32.lt_u (local.get $second) (i32.const 0xa0))) (then (return (i32.const 0))))
    (if (i32.and (i32.eq (local.get $lead) (i32.const 0xed))
      (i32.gt_u (local.get $second) (i32.const 0x9f))) (then (return (i32.const 0))))
    (if (i32.and (i32.eq (local.get $lead) (i32.const 0xf0))
      (i32.lt_u (local.get $second) (i32.const 0x90))) (then (return (i32.const 0))))
    (if (i32.and (i32.eq (local.get $lead) (i32.const 0xf4))
      (i32.gt_u (local.get $second) (i32.const 0x8f))) (then (return (i32.const 0))))
    (loop $next
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.ne (i32.and (i32.load8_u (local.get $at)) (i32.const 0xc0)) (i32.const 0x80))
        (then (return (i32.const 0))))
      (local.set $behind (i32.sub (local.get $behind) (i32.const 1)))
      (br_if $next (local.get $behind)))
    (i32.const 1))
