  ;; Descriptors: 0, 1 and 2, character devices as far as one can see. Input is
  ;; at its end. 3 is the folder /, of which nothing is supported: what the C library
  ;; is asked for outside of every open folder it would itself call missing, and
  ;; nobody would learn why. There is no other, and there never will be.
  (func $is_open (param $fd i32) (result i32) (i32.lt_u (local.get $fd) (i32.const 4)))
  (func $is_folder (param $fd i32) (result i32) (i32.eq (local.get $fd) (i32.const 3)))
  ;; 2 is a character device, 3 a directory.
  (func $file_type (param $fd i32) (result i64)
    (i64.extend_i32_u (i32.add (i32.const 2) (call $is_folder (local.get $fd)))))

  ;; What may be asked of an open descriptor and changes nothing.
  (func $fine (param $fd i32) (result i32)
    (if (result i32) (call $is_open (local.get $fd))
      (then (i32.const 0)) (else (i32.const 8))))  ;; EBADF
  ;; What needs a file, and there is none.
  (func $no_file (param $fd i32) (result i32)
    (if (result i32) (call $is_open (local.get $fd))
      (then (i32.const 58)) (else (i32.const 8))))  ;; ENOTSUP, EBADF
  (func $no_place (param $fd i32) (result i32)
    (if (result i32) (call $is_open (local.get $fd))
      (then (i32.const 70)) (else (i32.const 8))))  ;; ESPIPE, EBADF

  (func (export "fd_close") (param $fd i32) (result i32) (call $fine (local.get $fd)))
  (func (export "fd_sync") (param $fd i32) (result i32) (call $fine (local.get $fd)))
  (func (export "fd_datasync") (param $fd i32) (result i32) (call $fine (local.get $fd)))
  (func (export "fd_fdstat_set_flags") (param $fd i32) (param i32) (result i32)
    (call $fine (local.get $fd)))
  (func (export "fd_fdstat_set_rights") (param $fd i32) (param i64 i64) (result i32)
    (call $fine (local.get $fd)))

  (func (export "fd_read") (param $fd i32) (param i32 i32) (param $read i32) (result i32)
    (if (local.get $fd) (then (return (call $no_file (local.get $fd)))))
    (i32.store (local.get $read) (i32.const 0))
    (i32.const 0))

  ;; Its type and no flags; that it may be read and written, or for a folder everything,
  ;; so that all of it is asked for; and what is opened there.
  (func (export "fd_fdstat_get") (param $fd i32) (param $to i32) (result i32)
    (if (i32.eqz (call $is_open (local.get $fd))) (then (return (i32.const 8))))  ;; EBADF
    (i64.store (local.get $to) (call $file_type (local.get $fd)))
    (i64.store offset=8 (local.get $to) (i64.const 66))
    (i64.store offset=16 (local.get $to) (i64.const 0))
    (if (call $is_folder (local.get $fd)) (then
      (i64.store offset=8 (local.get $to) (i64.const 0x3fffffff))
      (i64.store offset=16 (local.get $to) (i64.const 0x3fffffff))))
    (i32.const 0))
  (func (export "fd_filestat_get") (param $fd i32) (param $to i32) (result i32)
    (local $at i32)
    (if (i32.eqz (call $is_open (local.get $fd))) (then (return (i32.const 8))))  ;; EBADF
    (loop $next
      (i64.store (i32.add (local.get $to) (local.get $at)) (i64.const 0))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 64))))
    (i64.store offset=16 (local.get $to) (call $file_type (local.get $fd)))
    (i32.const 0))

  ;; Of a folder that is open from the start: its type, 0, and how long its name is.
  (func (export "fd_prestat_get") (param $fd i32) (param $to i32) (result i32)
    (if (i32.eqz (call $is_folder (local.get $fd))) (then (return (i32.const 8))))  ;; EBADF
    (i64.store (local.get $to) (i64.const 0x100000000))
    (i32.const 0))
  (func (export "fd_prestat_dir_name") (param $fd i32) (param $to i32) (param $room i32)
      (result i32)
    (if (i32.eqz (call $is_folder (local.get $fd))) (then (return (i32.const 8))))  ;; EBADF
    (if (i32.eqz (local.get $room)) (then (return (i32.const 37))))  ;; ENAMETOOLONG
    (i32.store8 (local.get $to) (i32.const 47))  ;; /
    (i32.const 0))

  (func (export "fd_seek") (param $fd i32) (param i64 i32 i32) (result i32)
    (call $no_place (local.get $fd)))
  (func (export "fd_tell") (param $fd i32) (param i32) (result i32)
    (call $no_place (local.get $fd)))
  (func (export "fd_pread") (param $fd i32) (param i32 i32 i64 i32) (result i32)
    (call $no_place (local.get $fd)))
  (func (export "fd_pwrite") (param $fd i32) (param i32 i32 i64 i32) (result i32)
    (call $no_place (local.get $fd)))
  (func (export "fd_advise") (param $fd i32) (param i64 i64 i32) (result i32)
    (call $no_place (local.get $fd)))
  (func (export "fd_allocate") (param $fd i32) (param i64 i64) (result i32)
    (call $no_file (local.get $fd)))
  (func (export "fd_filestat_set_size") (param $fd i32) (param i64) (result i32)
    (call $no_file (local.get $fd)))
  (func (export "fd_filestat_set_times") (param $fd i32) (param i64 i64 i32) (result i32)
    (call $no_file (local.get $fd)))
  (func (export "fd_readdir") (param $fd i32) (param i32 i32 i64 i32) (result i32)
    (call $no_file (local.get $fd)))
  (func (export "fd_renumber") (param $fd i32) (param i32) (result i32)
    (call $no_file (local.get $fd)))
