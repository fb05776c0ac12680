  ;; Time: that of the turn. It stands still, but for what the program sleeps.

  ;; A turn's own time, with what was slept in it.
  (global $real (mut i64) (i64.const 1))
  ;; Never goes back, whatever was slept in an earlier turn. Never 0, which Go
  ;; takes for a clock that is broken.
  (global $steady (mut i64) (i64.const 1))
  (global $read_in_turn (mut i32) (i32.const -1))

  ;; Asks for the time once a turn, and never where no call may be made.
  (func $look_at_clock
    (if (i32.eq (call $phase) (i32.const 2)) (then
      (if (i32.ne (call $turn) (global.get $read_in_turn)) (then
        (global.set $read_in_turn (call $turn))
        (global.set $real (call $host_now))
        (if (i64.gt_u (global.get $real) (global.get $steady)) (then
          (global.set $steady (global.get $real)))))))))

  ;; Clock 0 is the time of day, 1 the steady clock. There are no others.
  (func (export "clock_time_get") (param $clock i32) (param i64) (param $to i32) (result i32)
    (if (i32.gt_u (local.get $clock) (i32.const 1)) (then (return (i32.const 28))))  ;; EINVAL
    (call $look_at_clock)
    (i64.store (local.get $to) (call $time_of (local.get $clock)))
    (i32.const 0))

  (func $time_of (param $clock i32) (result i64)
    (if (result i64) (local.get $clock)
      (then (global.get $steady)) (else (global.get $real))))

  (func (export "clock_res_get") (param $clock i32) (param $to i32) (result i32)
    (if (i32.gt_u (local.get $clock) (i32.const 1)) (then (return (i32.const 28))))  ;; EINVAL
    (i64.store (local.get $to) (i64.const 1))
    (i32.const 0))

  ;; Sleeping takes no time, and moves the program's clocks on: one that waits
  ;; until it is late enough gets there. Standard output and error are ready at
  ;; once, and so is standard input, which is at its end.
  (func (export "poll_oneoff") (param $asked i32) (param $answers i32) (param $count i32)
      (param $answered i32) (result i32)
    (local $wait i64)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 28))))  ;; EINVAL
    (call $look_at_clock)
    (local.set $wait (call $shortest_wait (local.get $asked) (local.get $count)))
    (i32.store (local.get $answered)
      (call $answer_all (local.get $asked) (local.get $answers) (local.get $count)
        (local.get $wait)))
    (global.set $real (i64.add (global.get $real) (local.get $wait)))
    (global.set $steady (i64.add (global.get $steady) (local.get $wait)))
    (i32.const 0))

  ;; How long one subscription has to wait. What is no clock need not wait.
  (func $wait_of (param $asked i32) (result i64)
    (local $until i64)
    (if (i32.load8_u offset=8 (local.get $asked)) (then (return (i64.const 0))))
    (local.set $until (i64.load offset=24 (local.get $asked)))
    (if (i32.eqz (i32.and (i32.load16_u offset=40 (local.get $asked)) (i32.const 1))) (then
      (return (local.get $until))))
    (if (i64.le_u (local.get $until) (call $asked_clock (local.get $asked))) (then
      (return (i64.const 0))))
    (i64.sub (local.get $until) (call $asked_clock (local.get $asked))))

  (func $asked_clock (param $asked i32) (result i64)
    (call $time_of (i32.ne (i32.load offset=16 (local.get $asked)) (i32.const 0))))

  (func $shortest_wait (param $asked i32) (param $count i32) (result i64)
    (local $shortest i64)
    (local $wait i64)
    (local.set $shortest (i64.const -1))
    (loop $next
      (local.set $wait (call $wait_of (local.get $asked)))
      (if (i64.lt_u (local.get $wait) (local.get $shortest)) (then
        (local.set $shortest (local.get $wait))))
      (local.set $asked (i32.add (local.get $asked) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))
    (local.get $shortest))

  ;; Writes an event for each subscription that has no longer to wait than this.
  (func $answer_all (param $asked i32) (param $answer i32) (param $count i32)
      (param $wait i64) (result i32)
    (local $answered i32)
    (loop $next
      (if (i64.le_u (call $wait_of (local.get $asked)) (local.get $wait)) (then
        (i64.store (local.get $answer) (i64.load (local.get $asked)))
        (i64.store offset=8 (local.get $answer) (i64.const 0))
        (i64.store offset=16 (local.get $answer) (i64.const 0))
        (i64.store offset=24 (local.get $answer) (i64.const 0))
        (i32.store8 offset=10 (local.get $answer) (i32.load8_u offset=8 (local.get $asked)))
        (if (i32.load8_u offset=8 (local.get $asked)) (then
          (if (i32.gt_u (i32.load offset=16 (local.get $asked)) (i32.const 2)) (then
            (i32.store16 offset=8 (local.get $answer) (i32.const 8))))))  ;; EBADF
        (local.set $answer (i32.add (local.get $answer) (i32.const 32)))
        (local.set $answered (i32.add (local.get $answered) (i32.const 1)))))
      (local.set $asked (i32.add (local.get $asked) (i32.const 48)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))
    (local.get $answered))
