// What a peer that echoes every message has to do, rule by rule: RFC 6455 §5 to §8, RFC 7692 §7 and §8.
//
// A case sends `bytes`, in pieces of `piece` if it has one, and then waits for `expect` and nothing else:
//   {text}, {binary}, {pong}   a message or an answer
//   {close: codes}             the peer's Close frame, with one of these codes; null: without one
//   {fail: codes}              the same, or just the end of the connection
// `beyond` says why the reference fails a case that asks for more than RFC 6455 demands.
import {closePayload, frame, opcodes} from './frames.mjs';

const {continuation, text, binary, close, ping, pong} = opcodes;
const protocol = [1002];
const badText = [1007];

export function websocketCases(masked) {
    const cases = [];
    const make = (options) => frame({masked, ...options});
    const add = (name, frames, expect, more = {}) => {
        cases.push({name, bytes: Buffer.concat(frames), expect, ...more});
    };
    // A clean end behind what is to be echoed: the case is over when Close is answered.
    const end = [make({opcode: close, payload: closePayload(1000)})];
    const echoes = (name, frames, expect, more) => add(name, [...frames, ...end], [...expect, {close: [1000]}], more);
    const fails = (name, frames, codes = protocol, before = [], more = {}) =>
        add(name, frames, [...before, {fail: codes}], more);

    for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536]) {
        for (const piece of [undefined, 997]) {
            const inPieces = piece ? `, ${piece} bytes at a time` : '';
            const body = '*'.repeat(size);
            echoes(`text of ${size} bytes${inPieces}`, [make({opcode: text, payload: body})], [{text: body}], {piece});
            const raw = Buffer.alloc(size, 0xfe);
            echoes(`binary of ${size} bytes${inPieces}`, [make({opcode: binary, payload: raw})], [{binary: raw}], {piece});
        }
    }
    for (const megabytes of [1, 4, 16]) {
        const raw = Buffer.alloc(megabytes << 20, 'm');
        echoes(`binary of ${megabytes} MiB`, [make({opcode: binary, payload: raw})], [{binary: raw}]);
        echoes(`text of ${megabytes} MiB`, [make({opcode: text, payload: raw})], [{text: raw.toString()}]);
    }
    const large = Buffer.alloc(1 << 20, 'f');
    for (const size of [64, 1024, 65536]) {
        const parts = [];
        for (let at = 0; at < large.length; at += size) {
            parts.push(make({opcode: at === 0 ? binary : continuation, payload: large.subarray(at, at + size),
                             fin: at + size >= large.length}));
        }
        echoes(`1 MiB in fragments of ${size} bytes`, parts, [{binary: large}]);
    }

    // Control frames (§5.5)
    for (const payload of ['', 'hello', Buffer.from([0, 255, 254, 253, 252]), Buffer.alloc(125, 0xfe)]) {
        for (const piece of [undefined, 1]) {
            echoes(`ping with ${payload.length} bytes${piece ? ', a byte at a time' : ''}`,
                   [make({opcode: ping, payload})], [{pong: payload}], {piece});
        }
    }
    fails('ping with 126 bytes', [make({opcode: ping, payload: Buffer.alloc(126)})]);
    echoes('pongs that nobody asked for', [make({opcode: pong}), make({opcode: pong, payload: 'x'}), make({opcode: ping, payload: 'y'})],
           [{pong: 'y'}]);
    echoes('ten pings', Array.from({length: 10}, (_, i) => make({opcode: ping, payload: `payload-${i}`})),
           Array.from({length: 10}, (_, i) => ({pong: `payload-${i}`})));
    for (const opcode of [close, ping, pong]) {
        fails(`a fragment of a control frame (${opcode})`, [make({opcode, fin: false})]);
        fails(`a control frame (${opcode}) with a wide length`, [make({opcode, form: 16, payload: 'x'})]);
    }

    // Reserved bits and opcodes (§5.2)
    for (let rsv = 1; rsv < 8; ++rsv) {
        for (const opcode of [text, binary, ping, close]) {
            fails(`reserved bits ${rsv} on opcode ${opcode}`, [make({opcode, rsv, payload: opcode === close ? '' : 'x'})]);
        }
        fails(`reserved bits ${rsv} behind a message`, [make({opcode: text, payload: 'x'}), make({opcode: text, rsv, payload: 'y'})],
              protocol, [{text: 'x', optional: true}]);
    }
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
        fails(`reserved opcode ${opcode}`, [make({opcode})]);
        fails(`reserved opcode ${opcode} behind a message`, [make({opcode: text, payload: 'x'}), make({opcode, payload: 'y'})], protocol,
              [{text: 'x', optional: true}]);
    }

    // Masking and lengths (§5.1, §5.2)
    fails(masked ? 'a frame without a mask' : 'a frame with a mask', [frame({opcode: text, payload: 'x', masked: !masked})]);
    fails('a 64-bit length with its top bit', [make({opcode: binary, form: 64, length: 1n << 63n})], [1002, 1009]);
    fails('a length of 2^62', [make({opcode: binary, form: 64, length: 1n << 62n})], [1002, 1009]);

    // Fragmentation (§5.4)
    const parts = (...payloads) => payloads.map((payload, i) => make({opcode: i === 0 ? text : continuation, payload,
                                                                      fin: i + 1 === payloads.length}));
    echoes('a message in two fragments', parts('fragment1', 'fragment2'), [{text: 'fragment1fragment2'}]);
    echoes('a message in two fragments, a byte at a time', parts('fragment1', 'fragment2'), [{text: 'fragment1fragment2'}], {piece: 1});
    echoes('empty fragments', parts('', '', ''), [{text: ''}]);
    echoes('a fragment between empty ones', parts('', 'middle', ''), [{text: 'middle'}]);
    echoes('a ping between two fragments', [parts('a', 'b')[0], make({opcode: ping, payload: '?'}), parts('a', 'b')[1]],
           [{pong: '?'}, {text: 'ab'}]);
    echoes('pings between five fragments, a byte at a time',
           parts('1', '2', '3', '4', '5').flatMap((one, i) => i % 2 ? [make({opcode: ping, payload: `${i}`}), one] : [one]),
           [{pong: '1'}, {pong: '3'}, {text: '12345'}], {piece: 1});
    echoes('70,000 fragments', parts(...Array(70000).fill('x')), [{text: 'x'.repeat(70000)}],
           {beyond: 'ws ends a message at 16,384 fragments'});
    for (const fin of [true, false]) {
        fails(`a continuation of nothing (fin ${fin})`, [make({opcode: continuation, fin, payload: 'x'})]);
        fails(`a continuation of a whole message (fin ${fin})`,
              [make({opcode: text, payload: 'x'}), make({opcode: continuation, fin, payload: 'y'})], protocol, [{text: 'x', optional: true}]);
        fails(`a new message within another (fin ${fin})`,
              [make({opcode: text, fin: false, payload: 'x'}), make({opcode: binary, fin, payload: 'y'})]);
    }

    // UTF-8 (§8.1)
    const good = ['Hello-µ@ßöäüàá-UTF-8!!', 'κόσμε', '\u0000\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}', '\ufffd\ufdd0\u{1fffe}'];
    for (const body of good) {
        const raw = Buffer.from(body);
        echoes(`UTF-8 of ${raw.length} bytes`, [make({opcode: text, payload: raw})], [{text: body}]);
        echoes(`UTF-8 of ${raw.length} bytes in fragments of one`, parts(...Array.from(raw, (_, i) => raw.subarray(i, i + 1))), [{text: body}]);
    }
    const bad = ['ce', '80', 'bf', 'c0af', 'c1bf', 'e080af', 'e09fbf', 'eda080', 'edbfbf', 'f08080af', 'f08fbfbf', 'f4908080', 'f888808080',
                 'fc8480808080', 'fe', 'ff', 'cebae1bdb9cf83cebcceb5eda080656469746564', 'f09080', 'e280'];
    for (const hex of bad) {
        const raw = Buffer.from(hex, 'hex');
        fails(`text ${hex}`, [make({opcode: text, payload: raw})], badText);
        fails(`text ${hex} in fragments of one byte`, parts(...Array.from(raw, (_, i) => raw.subarray(i, i + 1))), badText);
        echoes(`binary ${hex}`, [make({opcode: binary, payload: raw})], [{binary: raw}]);
    }
    fails('text that is wrong in a message without an end', [make({opcode: text, fin: false, payload: Buffer.from('cebaf4908080', 'hex')}),
                                                             make({opcode: continuation, fin: false, payload: 'edited'})], badText, [],
          {beyond: 'ws looks at the text once the message is whole'});

    // Closing (§5.5.1, §7)
    add('Close without a code', [make({opcode: close})], [{close: null}]);
    add('Close twice', [...end, ...end], [{close: [1000]}]);
    add('a message and a ping behind Close', [...end, make({opcode: text, payload: 'x'}), make({opcode: ping})], [{close: [1000]}]);
    add('Close within a message', [make({opcode: text, fin: false, payload: 'x'}), ...end], [{close: [1000]}]);
    add('Close with the longest reason', [make({opcode: close, payload: closePayload(1000, 'r'.repeat(123))})], [{close: [1000]}]);
    fails('Close with a reason too long', [make({opcode: close, payload: closePayload(1000, 'r'.repeat(124))})]);
    fails('Close with a byte', [make({opcode: close, payload: 'x'})]);
    fails('Close with a reason that is not UTF-8', [make({opcode: close, payload: Buffer.from('03e8cebaeda080', 'hex')})], badText);
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) {
        add(`Close ${code}`, [make({opcode: close, payload: closePayload(code, 'because')})], [{close: [code]}]);
    }
    for (const code of [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535]) {
        fails(`Close ${code}, which nobody may send`, [make({opcode: close, payload: closePayload(code)})]);
    }
    return cases;
}

/**
 * With permessage-deflate: `terms` as they stand in the header. These cases are built when their connection is there, by
 * `build(deflate)`: what a message compresses to depends on those before it.
 */
export function deflateCases(masked, terms) {
    const cases = [];
    const make = (options) => frame({masked, ...options});
    const end = make({opcode: close, payload: closePayload(1000)});
    const add = (name, frames, expect, more = {}) =>
        cases.push({name: `deflate [${terms}]: ${name}`, ...more,
                    build: (deflate) => ({bytes: Buffer.concat([...frames(deflate), end]), expect})});
    const said = (kind, body) => ({[kind]: kind === 'text' ? body.toString() : body});
    for (const size of [16, 64, 256, 1024, 4096, 8192, 16384, 32768, 65536, 131072]) {
        for (const kind of ['text', 'binary']) {
            const bodies = Array.from({length: 20}, (_, i) => sample(kind, size, i));
            const opcode = opcodes[kind];
            add(`${kind} of ${size} bytes`, (deflate) => bodies.map((body) => make({opcode, rsv: 4, payload: deflate(body)})),
                [...bodies.map((body) => said(kind, body)), {close: [1000]}]);
            const inTwo = (payload) => [make({opcode, rsv: 4, fin: false, payload: payload.subarray(0, payload.length >> 1)}),
                                        make({opcode: ping, payload: 'between'}),
                                        make({opcode: continuation, payload: payload.subarray(payload.length >> 1)})];
            add(`${kind} of ${size} bytes in fragments`, (deflate) => bodies.flatMap((body) => inTwo(deflate(body))),
                [...bodies.flatMap((body) => [{pong: 'between'}, said(kind, body)]), {close: [1000]}], {anyOrderOfPongs: true});
        }
    }
    const closes = {close: [1000]};
    add('messages that are not compressed', () => [make({opcode: text, payload: 'plain'})], [{text: 'plain'}, closes]);
    add('an empty message', () => [make({opcode: text, rsv: 4, payload: Buffer.from([0])})], [{text: ''}, closes]);
    add('RSV1 on a continuation',
        () => [make({opcode: text, rsv: 4, fin: false, payload: 'x'}), make({opcode: continuation, rsv: 4, payload: 'y'})],
        [{fail: protocol}]);
    add('RSV1 on a ping', () => [make({opcode: ping, rsv: 4})], [{fail: protocol}]);
    add('RSV2', () => [make({opcode: text, rsv: 2, payload: 'x'})], [{fail: protocol}]);
    add('what does not inflate', () => [make({opcode: text, rsv: 4, payload: Buffer.from('ffffff', 'hex')})], [{fail: [1002, 1007]}]);
    add('text that inflates to no UTF-8', (deflate) => [make({opcode: text, rsv: 4, payload: deflate(Buffer.alloc(20, 0xff))})],
        [{fail: badText}]);
    add('a bomb of 128 MiB', (deflate) => [make({opcode: binary, rsv: 4, payload: deflate(Buffer.alloc(128 << 20))})], [{fail: [1009]}]);
    return cases;
}

function sample(kind, size, i) {
    const out = Buffer.alloc(size);
    let state = 12345 + i;
    for (let at = 0; at < size; ++at) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        out[at] = kind === 'text' ? 97 + (state >>> 28) : i % 2 ? state >>> 24 : state >>> 30;
    }
    return out;
}
