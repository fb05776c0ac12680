;; The sealed wasip1 adapter: what a program that was built for
;; `wasi_snapshot_preview1` gets of the world, made from the contract alone.
;; README.md says what each call answers.
;;
;; This is a template: tools/adapter_template.py expands the lines that begin
;; with @. An adapter has no memory and no data of
;; its own: it works in the program's memory, and keeps lines that are not whole
;; yet in the page that `weave.rs` puts into the program for that.
(module
  (import "env" "memory" (memory 0))

  ;; What the program is doing: 0 nothing during which a host call may be made
  ;; (the engine asks it for memory), 1 describing itself (it may log),
  ;; 2 beginning, or running a turn.
  (import "__main_module__" "kelpie_phase" (func $phase (result i32)))
  ;; The number of its turn: 0 while it begins.
  (import "__main_module__" "kelpie_turn" (func $turn (result i32)))
  ;; The page: whether it is there, copying into it, copying out of it.
  (import "__main_module__" "kelpie_page" (func $page (result i32)))
  (import "__main_module__" "kelpie_keep" (func $keep (param i32 i32 i32)))
  (import "__main_module__" "kelpie_fetch" (func $fetch (param i32 i32 i32)))

  (import "kelpie:actor/clock@{version}" "now" (func $host_now (result i64)))
  (import "kelpie:actor/entropy@{version}" "get-u64" (func $host_u64 (result i64)))
  (import "kelpie:actor/log@{version}" "write" (func $host_log (param i32 i32 i32)))

@include clock.wat
@include random.wat
@include lines.wat
@include descriptors.wat

  ;; A program has no arguments and no environment.
  (func (export "args_sizes_get") (param $count i32) (param $size i32) (result i32)
    (call $none (local.get $count) (local.get $size)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param $count i32) (param $size i32) (result i32)
    (call $none (local.get $count) (local.get $size)))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))
  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))

  ;; What it last said is in the log before it traps.
  (func (export "proc_exit") (param $code i32)
    (if (call $may_log) (then
      (drop (call $flush))
      (call $borrow)
      @text "the program ended itself, with exit code "
      (call $put_number (local.get $code))
      (call $say (i32.const 3))))
    unreachable)

  ;; Everything else is refused, and the log says so once.
@unsupported proc_raise i32
@unsupported sock_accept i32 i32 i32
@unsupported sock_recv i32 i32 i32 i32 i32 i32
@unsupported sock_send i32 i32 i32 i32 i32
@unsupported sock_shutdown i32 i32
@unsupported path_create_directory i32 i32 i32
@unsupported path_filestat_get i32 i32 i32 i32 i32
@unsupported path_filestat_set_times i32 i32 i32 i32 i64 i64 i32
@unsupported path_link i32 i32 i32 i32 i32 i32 i32
@unsupported path_open i32 i32 i32 i32 i32 i64 i64 i32 i32
@unsupported path_readlink i32 i32 i32 i32 i32 i32
@unsupported path_remove_directory i32 i32 i32
@unsupported path_rename i32 i32 i32 i32 i32 i32
@unsupported path_symlink i32 i32 i32 i32 i32
@unsupported path_unlink_file i32 i32 i32
)
