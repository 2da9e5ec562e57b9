---@meta

-- What Python offers to Lua: `import "host"` in every module. This file describes it for editors and readers, and is
-- never loaded; a test compares it with the crossing table (_crossing.py) and with what the modules use.
--
-- None of these raises on what a program or a network does. Text is bytes. A `number` is that of a socket, a file or
-- whatever the section is about; a `signal` is one of sockets/reasons.lua; a `cell` is a cell's number, 0 for none.

---@class host
local host = {}

---@alias host.Send fun(data: string): integer
---@class host.Hash a digest under way, an object of Python's that only these functions take

-- ---- time, chance and the interrupt (_crossing.py, _interrupt.py)

--- Returns seconds on a clock that only goes forward.
---@return number
function host.monotonic() end

--- Takes the scout, by its address: a coroutine that has not begun, whose function has the slot as first upvalue. And
--- the running coroutine's, which has had no hook yet, and that of the last table that has got a finalizer.
---@param scout integer
---@param main integer
---@param newest integer
function host.hook_learn(scout, main, newest) end

--- Lets the running coroutine be hooked, in a finalizer too.
function host.allow_hooks() end

--- Leaves the finalizers that are about to be called to the collector's next cycle. To be called in one. Where that is
--- over by itself, it is done after a while only.
---@param is_over boolean
function host.put_off_finalizers(is_over) end

--- Looks at a coroutine's state, by its address, inside a hook and outside.
---@param coroutine integer
---@param in_hook boolean
function host.hook_note_state(coroutine, in_hook) end

--- Reports errors in finalizers from now on. Takes the address of any coroutine of the state.
---@param coroutine integer
function host.finalizers_learn(coroutine) end

--- Turns these reports on or off.
---@param is_on boolean
function host.finalizers_switch(is_on) end

--- The folder of the program that runs all this.
---@type string
host.exec_path = nil

--- Whether a hook must count instructions, so that there can be interrupts.
---@type boolean
host.counts_instructions = nil

--- Returns the seconds that this thread has computed.
---@return number
function host.thread_time() end

--- Returns nanoseconds since 1970.
---@return integer
function host.time_ns() end

--- Returns random bytes for cryptographic use.
---@param size integer
---@return string
function host.urandom(size) end

--- Returns the text of a module of ours, by its path in this folder (_lua.py).
---@param name string
---@return string
function host.module_source(name) end

-- ---- bytes (_base64.py, _deflate.py, _in_place.py)

--- Returns the text in the usual alphabet, padded, on one line.
---@param data string
---@return string
function host.b64encode(data) end

--- Returns the text in the alphabet for URLs and file names; padding is a choice.
---@param data string
---@param pad boolean
---@return string
function host.b64urlencode(data, pad) end

--- Returns what the text up to its padding stands for.
---@param text string
---@return string
function host.b64decode(text) end

--- Returns the data compressed (RFC 1950).
---@param data string
---@return string
function host.deflate(data) end

--- Calls `use` with the caller's first local, which must be called `data`, without a copy; false: it did nothing.
---@param use fun(data: any)
---@param coroutine integer
---@return boolean
function host.read_in_place(use, coroutine) end

-- ---- crypto/

--- Returns a digest of nothing yet; nil for an unknown algorithm.
---@param algorithm string
---@return host.Hash?
function host.crypto_digest_start(algorithm) end

--- Returns the same for message authentication with a key.
---@param algorithm string
---@param key string
---@return host.Hash?
function host.crypto_hmac_start(algorithm, key) end

--- Returns a second digest of what has come so far.
---@param begun host.Hash
---@return host.Hash
function host.crypto_hash_copy(begun) end

--- Adds data.
---@param begun host.Hash
---@param data string
function host.crypto_hash_update(begun, data) end

--- Returns what adds data, for `read_in_place`.
---@param begun host.Hash
---@return host.Send
function host.crypto_hash_feeder(begun) end

--- Returns the digest of what has come.
---@param begun host.Hash
---@return string
function host.crypto_hash_digest(begun) end

--- Returns the digest of the data, by an algorithm that is known.
---@param algorithm string
---@param data string
---@return string
function host.crypto_digest(algorithm, data) end


--- Returns the bytes as hexadecimal digits.
---@param data string
---@return string
function host.crypto_hexlify(data) end

--- Returns a key of at least `size` bytes, whole digests; nil when that is too much work.
---@param algorithm string
---@param password string
---@param salt string
---@param rounds integer
---@param size integer
---@return string?
function host.crypto_pbkdf2(algorithm, password, salt, rounds, size) end

--- Returns what is public in a key, big-endian: n and e, or x and y.
---@param pem string
---@param password? string
---@return string? first
---@return string second, or the reason
function host.crypto_key_numbers(pem, password) end

--- Returns the most bytes that a signature takes, and `RSA` or `ECC`.
---@param pem string
---@param password? string
---@return integer? size
---@return string kind, or the reason
function host.crypto_key_size(pem, password) end

--- Returns the signature of a digest.
---@param digest string
---@param pem string
---@param password? string
---@return string? value
---@return string? reason
function host.crypto_sign(digest, pem, password) end

--- Tells whether the signature is that of the digest.
---@param signature string
---@param pem string
---@param digest string
---@param password? string
---@return boolean? value
---@return string? reason
function host.crypto_verify(signature, pem, digest, password) end

--- Does the same with the numbers of an RSA key.
---@param signature string
---@param digest string
---@param n string
---@param e string
---@return boolean? value
---@return string? reason
function host.crypto_verify_by_modulus(signature, digest, n, e) end

--- Does the same with the coordinates that are a curve's key.
---@param signature string
---@param digest string
---@param x string
---@param y string
---@return boolean? value
---@return string? reason
function host.crypto_verify_by_point(signature, digest, x, y) end

--- Returns the data encrypted with a public RSA key. `kind` is pkcs1, none or oaep, which has a hash.
---@param data string
---@param pem string
---@param kind string
---@param hash_name string
---@param password? string
---@return string? value
---@return string? reason
function host.crypto_encrypt(data, pem, kind, hash_name, password) end

--- Returns what `crypto_encrypt` was given, with the private key.
---@param data string
---@param pem string
---@param kind string
---@param hash_name string
---@param password? string
---@return string? value
---@return string? reason
function host.crypto_decrypt(data, pem, kind, hash_name, password) end

--- Returns the two numbers of an ECDSA signature, in as many bytes as its curve has.
---@param signature string
---@return string? r
---@return string s, or the reason
function host.crypto_signature_numbers(signature) end

--- Undoes `crypto_signature_numbers`.
---@param r string
---@param s string
---@return string? value
---@return string? reason
function host.crypto_signature_of(r, s) end

--- Encrypts data by GCM or CCM; returns that and the tag, which also vouches for `known`.
---@param mode string
---@param key string
---@param nonce string
---@param known string
---@param data string
---@param pad boolean
---@return string data
---@return string tag
function host.crypto_seal(mode, key, nonce, known, data, pad) end

--- Undoes `crypto_seal`.
---@param mode string
---@param key string
---@param nonce string
---@param known string
---@param data string
---@param tag string
---@param pad boolean
---@return string? value
---@return string? reason
function host.crypto_unseal(mode, key, nonce, known, data, tag, pad) end

--- Encrypts data by CBC, with no protection against changes.
---@param key string
---@param vector string
---@param data string
---@param pad boolean
---@return string
function host.crypto_encipher(key, vector, data, pad) end

--- Undoes `crypto_encipher`.
---@param key string
---@param vector string
---@param data string
---@param pad boolean
---@return string? value
---@return string? reason
function host.crypto_decipher(key, vector, data, pad) end

--- Returns a new RSA key in PEM.
---@param bits integer
---@return string
function host.crypto_create_rsa_key(bits) end

--- Returns a new key on a curve in PEM.
---@param curve string
---@return string
function host.crypto_create_curve_key(curve) end

--- Returns a request for a certificate. Names with values, other names, and what it is for: each text ended by a NUL.
---@param pem string
---@param fields string
---@param names string
---@param words string
---@param hash_name string
---@return string? value
---@return string? reason
function host.crypto_create_request(pem, fields, names, words, hash_name) end

--- Returns the certificate that was asked for, signed with the key; times are in seconds since 1970.
---@param request_pem string
---@param key_pem string
---@param issuer_pem? string
---@param start integer
---@param end_ integer
---@param serial integer
---@param hash_name string
---@return string? value
---@return string? reason
function host.crypto_create_certificate(request_pem, key_pem, issuer_pem, start, end_, serial, hash_name) end

-- ---- what is said to the outside: events.py

--- Sends text to a running cell's response.
---@param cell integer
---@param text string
function host.print(cell, text) end

--- Shows what is more than text in a cell's output, or an earlier output anew: MIME types and data.
---@param cell integer
---@param output integer
---@param is_update boolean
---@param ... string
function host.display(cell, output, is_update, ...) end

--- Clears a cell's output, with `waits` only when it shows something else.
---@param cell integer
---@param waits boolean
function host.clear_output(cell, waits) end

--- Returns a chart as SVG and as text. Labels are separated by newlines; of each series come its name, and x and y as
--- the bytes of doubles.
---@param kind string
---@param title string
---@param x_label string
---@param y_label string
---@param labels string
---@param ... string
---@return string svg, string text
function host.plot(kind, title, x_label, y_label, labels, ...) end

--- Sends text to its error stream.
---@param cell integer
---@param text string
function host.print_error(cell, text) end

--- Sends what code printed whose cell has ended.
---@param cell integer
---@param text string
---@param socket integer whose cosocket it is, 0 for none
function host.late_print(cell, text, socket) end

--- Reports an error that has ended something in the background.
---@param cell integer
---@param text string as the server writes it
---@param message string
---@param source string
---@param line integer
---@param stack string all of Lua's traceback
---@param hint string what to say below it, "" for nothing
---@param socket integer whose cosocket it was, 0 for none
function host.fault(cell, text, message, source, line, stack, hint, socket) end

--- Tells that a documented function has returned nil and a reason to the program, at this place in its text.
---@param call string
---@param address string "" for none
---@param port integer 0 for none
---@param reason string
---@param source string
---@param line integer
function host.hint_failed(call, address, port, reason, source, line) end

--- Returns the path of names to what an error is about, as the line at fault has it; nothing where it has none.
---@param message string
---@param callee string the function that the program called there, "" for none
---@param source string
---@param line integer
---@return string? ...
function host.hint_subject(message, callee, source, line) end

--- Returns a line to say below an error, "" where nothing is known.
---@param message string
---@param raiser string program, function, assert, or "" for whoever may say anything
---@param callee string
---@param source string
---@param line integer
---@param known string what is known of a name that only the server has, or of a module
---@param visible string the locals and upvalues there, separated by blanks
---@param globals string
---@param kind string the type of what the error is about
---@param members string the names in it
---@param owner integer the cell whose cosocket owns it
---@return string
function host.hint(message, raiser, callee, source, line, known, visible, globals, kind, members, owner) end

--- Tells that there is something to do before the runtime closes.
function host.has_farewell() end

--- Sends a remark of the runtime's own.
---@param cell integer
---@param text string
---@param is_end? boolean whether something in the background has ended by it
---@param socket? integer whose cosocket that was
function host.note(cell, text, is_end, socket) end

--- Asks whoever runs the cell for a line; the answer comes as the request `input`.
---@param cell integer
function host.request_input(cell) end

--- Sends one call of `trace` or `tracep`.
---@param cell integer
---@param source string
---@param line integer
---@param name string
---@param text string
---@param priority integer
---@param prefix boolean
---@param socket integer the number of the socket whose cosocket calls it, 0 for none
function host.trace(cell, source, line, name, text, priority, prefix, socket) end

-- ---- the thread that runs Lua (_loop.py)

--- Waits for events, until a deadline at most, and returns them flat: numbers and values (tasks/sched.lua).
---@param deadline? number
---@return any ...
function host.poll(deadline) end

--- Returns once more what the last `poll` returned, should there have been no memory for it.
---@return any ...
function host.polled() end

--- Returns the oldest request of another thread (boot.lua): its kind and its arguments; nothing when there is none.
---@return string? kind
---@return any ...
function host.take() end

--- Changes who listens to the sockets, as was asked for; what `sender` returned must be fetched anew.
--- Returns how many events those who record want to keep, nil if nobody records.
---@return integer? events
function host.watch() end

--- Hands over what Lua has recorded (recorded.lua): four values for each entry, and the count before the first one.
---@param first integer
---@param ... string|number|boolean
function host.recorded(first, ...) end

--- How many entries there have ever been: the sum of indices 1 and 2; Python reads it.
---@type integer[]
host.recorded_count = {0, 0}

--- Answers the request with this ticket.
---@param ticket integer
---@param ... any
function host.reply(ticket, ...) end

--- Gives up the request with this ticket, if it has not been answered.
---@param ticket integer
---@param problem string
function host.reply_failed(ticket, problem) end

--- Ends the running cell with its values, made readable.
---@param cell integer
---@param ... string
function host.cell_done(cell, ...) end

--- Ends the running cell with an error: `kind` is syntax, runtime, interrupt, memory or exit.
---@param cell integer
---@param kind string
---@param message string
---@param source string
---@param line integer
---@param stack string
---@param code integer
---@param hint string what to say below it, "" for nothing
function host.cell_failed(cell, kind, message, source, line, stack, code, hint) end

--- Tells what the running cell's value looks like, MIME types and data; its end follows.
---@param ... string
function host.cell_shows(...) end

--- Tells what a page that runs as a cell has answered, its headers flat; the cell's end follows.
---@param status integer
---@param content_type string
---@param body string
---@param url? string
---@param ... string
function host.page_done(status, content_type, body, url, ...) end

--- Tells whether something is to be stopped now.
---@return boolean
function host.is_interrupting() end

--- Says that it has been: with its number, unless a later one has begun.
---@param serial? integer
function host.interrupt_over(serial) end

--- Makes whatever runs now stop at its next instruction.
function host.stop_running() end

--- What a guarded function returns when it has failed (crossing.lua).
---@type integer
host.failed = nil

--- Returns why the last guarded call has failed.
---@return string
function host.failure() end

--- Tells whether a program may have this many more bytes.
---@param size? integer
---@return boolean
function host.has_room(size) end

--- Sees to it that this many bytes can be allocated, whatever the bound is.
---@param size? integer
function host.make_way(size) end

--- Opens the last reserve, after an allocation that failed.
function host.memory_failed() end

--- Tells whether the bound is near.
---@return boolean
function host.memory_is_short() end

--- Says that collecting did not help: the front end is told, and a little room is made.
function host.memory_used_up() end

-- ---- TLS objects, by numbers of their own (sockets/tls_objects.py)

--- Makes an empty store of trusted certificates.
---@return integer
function host.tls_store() end

--- Adds certificates; returns how many there were in the text.
---@param number integer
---@param pem string
---@return integer
function host.tls_store_add(number, pem) end

--- Returns what the first certificate in PEM, or one in DER, says: paths and texts in turn; nothing when there is none.
---@param certificate string
---@return string? ...
function host.tls_parse(certificate) end

--- Reads a certificate and its key.
---@param cert string
---@param key string
---@param password? string
---@return integer? number
---@return string? reason
function host.tls_credentials(cert, key, password) end

--- Makes a context; `store` 0 is none.
---@param store integer
---@param is_server boolean
---@param cache_size? integer
---@return integer
function host.tls_context(store, is_server, cache_size) end

--- Gives a context a certificate of its own; tells whether it can, and whether its connections will fail.
---@param number integer
---@param credentials integer
---@return boolean added
---@return boolean fails
function host.tls_context_add(number, credentials) end

--- Makes the client context that trusts the public roots, and the lab's while it is on.
---@return integer
function host.tls_public_context() end

--- Lets an object go; connections that use it keep it.
---@param number integer
function host.tls_forget(number) end

-- ---- connections with TLS, by the number of the socket (sockets/tls_calls.py)

--- Says whom a connection without TLS leads to, if that is not whom the program called: through a proxy.
---@param number integer
---@param address string
---@param port integer
function host.tls_name(number, address, port) end

--- Returns the documented reason for which TLS failed; nil when it did not.
---@param number integer
---@return string?
function host.tls_failure(number) end

--- Returns whether the peer's CA is known, and its certificate flat; nil without TLS.
---@param number integer
---@return boolean? is_known
---@return string ...
function host.tls_certificate(number) end

--- Returns suite and version; nil without TLS, or before the handshake is done.
---@param number integer
---@return string? suite
---@return string? version
function host.tls_cipher(number) end

--- Returns why the peer is not to be trusted; nil when it is.
---@param number integer
---@param name? string
---@return string?
function host.tls_doubt(number, name) end

--- Tells whether the handshake was a short one; nil without TLS.
---@param number integer
---@return boolean?
function host.tls_is_resumed(number) end

--- Forgets the session of this connection; tells whether there was one.
---@param number integer
---@return boolean
function host.tls_release_session(number) end

--- Gives a connection what had been received, but not handled, when TLS was put on it.
---@param number integer
---@param received string
function host.tls_feed(number, received) end

-- ---- sockets, by number (sockets/network.py)

--- Starts to connect, with TLS when there is a context; the number will tell how it went.
---@param cell integer
---@param address string
---@param port integer
---@param interface? string
---@param ipv6 boolean
---@param context? integer
---@param alpn? string
---@return integer
function host.tcp_connect(cell, address, port, interface, ipv6, context, alpn) end

--- Listens, with TLS when there is a context; nil when the address cannot be bound.
---@param cell integer
---@param port integer
---@param interface? string
---@param ipv6 boolean
---@param context? integer
---@return integer?
function host.tcp_listen(cell, port, interface, ipv6, context) end

--- Takes a client from a listener; nil when there is none after all.
---@param number integer
---@param cell integer
---@return integer?
function host.tcp_accept(number, cell) end

--- Makes a UDP socket, connected when an address is given.
---@param cell integer
---@param address? string
---@param port integer
---@param interface? string
---@param local_port integer
---@param ipv6 boolean
---@return integer number
---@return integer? signal
function host.udp_open(cell, address, port, interface, local_port, ipv6) end

--- Returns what to call to receive a datagram: its data, address, port, is-IPv6; nil when none waits, false on an
--- error. And what to call to send one: whether the system took it, nil when its address must be looked up
--- (`udp_send_to`).
---@param number integer
---@return fun(): (string|false|nil), string?, integer?, boolean? receive
---@return fun(data: string, address: string, port: integer): boolean? send_known
function host.udp_calls(number) end

--- Sends one datagram to the connected peer.
---@param number integer
---@param data string
---@return boolean
function host.udp_send(number, data) end

--- Sends one datagram: RESOLVED (sent), CANNOT_RESOLVE or CANNOT_CONNECT (the system refused it).
---@param number integer
---@param data string
---@param address string
---@param port integer
---@return integer number
---@return integer? signal
function host.udp_send_to(number, data, address, port) end

--- Resolves a name to its first address, which `resolved_address` then tells by this number.
---@param address string
---@return integer number
---@return integer? signal
function host.resolve(address) end

--- Returns, once, the address that `resolve` has found.
---@param number integer
---@return string?
function host.resolved_address(number) end

--- Returns why a name has not been resolved, as the system puts it; nil when that is not known.
---@param number integer
---@return string?
function host.resolver_words(number) end

--- Returns what to call to write: the channel's `send`, nil on TLS; there, what encrypts and sends.
---@param number integer
---@return host.Send? direct
---@return host.Send? secure
function host.sender(number) end

--- Sends or queues; returns the bytes that wait now, -1 when the connection is lost.
---@param number integer
---@param data string
---@return integer
function host.send(number, data) end

--- Returns the bytes that wait to be sent.
---@param number integer
---@return integer
function host.queued(number) end

--- Asks for data, clients or datagrams.
---@param number integer
function host.arm(number) end

--- Leaves them with the system for now.
---@param number integer
function host.disarm(number) end

--- Returns the local address, port, and whether it is IPv6.
---@param number integer
---@return string? address
---@return integer? port
---@return boolean? is_ipv6
function host.sockname(number) end

--- Returns the peer's address, port, and whether it is IPv6.
---@param number integer
---@return string? address
---@return integer? port
---@return boolean? is_ipv6
function host.peername(number) end

--- Tells whether the lab answers for this name.
---@param name string
---@return boolean
function host.is_in_lab(name) end

--- Sets an option by its documented name; true, or nil, text, code.
---@param number integer
---@param name string
---@param on boolean
---@param a? any
---@param b? any
---@return true? ok
---@return string? text
---@return integer? code
function host.setoption(number, name, on, a, b) end

--- Puts TLS on a connection; `received` is what came already. false when there is none to put it on.
---@param number integer
---@param context integer
---@param alpn? string
---@param received? string
---@return boolean
function host.upgrade(number, context, alpn, received) end

--- Tells a TCP connection's peer that nothing more will come; what it sends is still read.
---@param number integer
---@return boolean
function host.tcp_finish(number) end

--- Closes; a number that is closed already is ignored.
---@param number integer
---@param by? string whose doing it is, for whoever records
---@param reason? string
function host.close(number, by, reason) end

--- Makes a connection a WebSocket (sockets/websocket.py); nothing when there is none.
---@param number integer
---@param is_client boolean
---@return fun(data?: string): integer, ... receive
---@return fun(): string arrived
---@return fun(data: string, is_text: boolean): integer write
---@return fun(data: string): integer ping
---@return fun(): integer drained
---@return fun() goodbye
function host.ws_open(number, is_client) end

-- ---- the HTTP client, conversations by number (http_client/)

--- Returns scheme, host, port, path and Host field of a URL; nil and the reason for none.
---@param text string
---@return string? scheme
---@return string? host
---@return integer? port
---@return string? path
---@return string? field
function host.http_url(text) end

--- Returns the absolute URL of a response's Location; nil when there is none.
---@param base string
---@param location string
---@return string?
function host.http_join(base, location) end

--- Returns what makes a request impossible; nil when nothing does. `fields` has a line for each field.
---@param method string
---@param fields string
---@return string?
function host.http_problem(method, fields) end

--- Starts to ask a proxy for a connection to a host; `http_forget` ends that.
---@param is_socks boolean
---@param address string
---@param port integer
---@param user? string
---@param password? string
---@return integer number
---@return string data to send
function host.http_proxy(is_socks, address, port, user, password) end

--- Takes what has arrived from the proxy: "more" and what to send, "open" and what came from the host, or "fault"
--- and words about it.
---@param number integer
---@param data string
---@return string kind
---@return string text
function host.http_proxied(number, data) end

--- Starts a conversation, for a new connection; returns its number.
---@return integer
function host.http_open() end

--- Ends a conversation; a number that is not known is ignored.
---@param number integer
function host.http_forget(number) end

--- Begins a request; returns what to send, or nil and what is wrong with it.
---@param number integer
---@param method string
---@param target string
---@param fields string
---@return string? data
---@return string? reason
function host.http_begin(number, method, target, fields) end

--- Returns what to send for a piece of the request's body, or nil and why it cannot be sent.
---@param number integer
---@param data string
---@return string? data
---@return string? reason
function host.http_body(number, data) end

--- Ends the request; returns what to send, maybe nothing, or nil and what is missing.
---@param number integer
---@return string? data
---@return string? reason
function host.http_finish(number) end

--- Takes what has arrived, empty bytes for the end of the connection, and returns the next step.
---@param number integer
---@param data? string
---@return string step
---@return integer|string value
---@return string text
function host.http_next(number, data) end

--- Returns what has arrived but belongs to no step yet.
---@param number integer
---@return string
function host.http_left_over(number) end

--- Returns a fresh Sec-WebSocket-Key.
---@return string
function host.http_key() end

--- Tells whether `accept`, the answer's Sec-WebSocket-Accept, belongs to `key`; nil is no answer.
---@param key string
---@param accept? string
---@return boolean
function host.http_is_accepted(key, accept) end

-- ---- the page server, connections by the number of the socket (web/server.py)

--- Begins to listen; returns the number for events and the port, or nil and what is wrong.
---@return integer? number
---@return integer|string port
function host.web_listen() end

--- Ends what has taken too long; returns in how many seconds to come again, nil for no need.
---@return number?
function host.web_sweep() end

--- Returns method, path, query, version, whether it has a body, whether it wants a WebSocket, and its headers.
---@param number integer
---@return string? method
---@return string? path
---@return string? query
---@return string? version
---@return boolean? has_body
---@return boolean? is_websocket
---@return string? lines
function host.web_request(number) end

--- Returns the body of a request, once.
---@param number integer
---@return string body
function host.web_body(number) end

--- Returns the peer's address, port and whether that is IPv6, then our own; nothing for none.
---@param number integer
---@return string? peer
---@return integer? peer_port
---@return boolean? peer_is_ipv6
---@return string? own
---@return integer? own_port
---@return boolean? own_is_ipv6
function host.web_names(number) end

--- Sends a whole response; returns the bytes that wait for the client, -1 when it is gone.
---@param number integer
---@param status integer
---@param body string
---@param is_sized boolean whether its length is announced
---@param ... string
---@return integer
function host.web_respond(number, status, body, is_sized, ...) end

--- Begins a response whose body follows; returns the same. `length` is nil for chunks where there can be any, -1 for a
--- body that ends with the connection.
---@param number integer
---@param status integer
---@param length? integer
---@param ... string
---@return integer
function host.web_head(number, status, length, ...) end

--- Sends a piece of the body; returns the same.
---@param number integer
---@param data string
---@return integer
function host.web_data(number, data) end

--- Closes the connection in the middle of a response.
---@param number integer
function host.web_abort(number) end

--- Ends the response; returns the same.
---@param number integer
---@return integer
function host.web_end(number) end

--- Makes a connection whose request is being answered a plain stream of the same number.
---@param number integer
---@param cell integer
---@param upgrades boolean
---@param subprotocol? string
---@return boolean ok
---@return string early
function host.web_take(number, cell, upgrades, subprotocol) end

--- Makes a plain stream a connection of the page server, `received` being what came already.
---@param number integer
---@param received string
---@return boolean
function host.web_adopt(number, received) end

--- Returns the names and values of a query or a form, flat and decoded; false for too many.
---@param text string
---@return string|boolean? ...
function host.web_form(text) end

--- Returns the server's page for an error.
---@param status integer
---@param html string
---@return string
function host.web_error_page(status, html) end

--- Returns `file` or `folder`, the size in bytes, and the time of the last change in nanoseconds.
---@param root string
---@param path string
---@param is_inside? boolean whether a page asks, which may have hidden pages
---@return string? kind
---@return integer? size
---@return integer? mtime_ns
function host.web_file(root, path, is_inside) end

--- Returns the `Content-Type` for a file's name.
---@param name string
---@return string
function host.web_content_type(name) end

-- ---- files: below a root, or open by number (_files.py)

--- Returns the directory of a named io, nil for names that are not known.
---@param kind string
---@return string?
function host.io_root(kind) end

--- Returns the absolute path of a directory that exists.
---@param root string
---@param name string
---@return string? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_enter(root, name) end

--- Returns the type, the size in bytes and the Unix time of the last change.
---@param root string
---@param name string
---@return string? kind
---@return integer|string size or reason
---@return integer|string mtime or text
---@return string? path
function host.io_stat(root, name) end

--- Removes a file or an empty directory.
---@param root string
---@param name string
---@return boolean? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_remove(root, name) end

--- Makes a directory.
---@param root string
---@param name string
---@return boolean? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_mkdir(root, name) end

--- Removes an empty directory.
---@param root string
---@param name string
---@return boolean? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_rmdir(root, name) end

--- Renames a file or directory within its io; an older file of the new name is lost.
---@param root string
---@param old string
---@param new string
---@return boolean? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_rename(root, old, new) end

--- Returns the absolute path on the disk, whether or not there is such a file.
---@param root string
---@param name string
---@return string? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_realpath(root, name) end

--- Returns a directory's entries in order, each as name, `d` or `f`, mtime and size, with a NUL behind each of these.
---@param root string
---@param name string
---@return string? value
---@return string? reason
---@return string? text
---@return string? path
function host.io_list(root, name) end

--- Opens a regular file or a directory for `r`, `w` or `a`; returns its number.
---@param root string
---@param name string
---@param mode string
---@return integer? number
---@return string? reason
---@return string? text
---@return string? path
function host.io_open(root, name, mode) end

--- Returns why Lua's own library must not open a file: it is a pipe or the like, or there is no descriptor for it.
---@param name string
---@return string? text
---@return integer? number of the system's error
function host.io_obstacle(name) end

--- Returns the next bytes, at most `size`; none at the end.
---@param number integer
---@param size integer
---@return string? value
---@return string? reason
function host.file_read(number, size) end

--- Writes all of `data`.
---@param number integer
---@param data string
---@return boolean? value
---@return string? reason
function host.file_write(number, data) end

--- Goes to a position, in bytes from the start.
---@param number integer
---@param position integer
---@return boolean? value
---@return string? reason
function host.file_seek(number, position) end

--- Closes a file; closing it again does nothing.
---@param number integer
---@return boolean? value
---@return string? reason
function host.file_close(number) end

return host
