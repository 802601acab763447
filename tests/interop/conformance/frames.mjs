// WebSocket frames as raw bytes, right and wrong, and a strict reader of what a peer answers.
import {randomBytes} from 'node:crypto';

export const opcodes = {continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10};

/** One frame. `form` forces the width of the length: 7, 16 or 64 bits. `length` lies about it. */
export function frame({opcode, payload = '', fin = true, rsv = 0, form, length, masked}) {
    const body = Buffer.from(payload);
    const size = length ?? BigInt(body.length);
    const width = form ?? (size < 126n ? 7 : size < 65536n ? 16 : 64);
    const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
    head.push((masked ? 0x80 : 0) | (width === 7 ? Number(size) : width === 16 ? 126 : 127));
    const long = Buffer.alloc(8);
    long.writeBigUInt64BE(size);
    if (width !== 7) {
        head.push(...long.subarray(width === 16 ? 6 : 0));
    }
    if (!masked) {
        return Buffer.concat([Buffer.from(head), body]);
    }
    const key = randomBytes(4);
    return Buffer.concat([Buffer.from(head), key, body.map((byte, i) => byte ^ key[i % 4])]);
}

export function closePayload(code, reason = '') {
    const bytes = Buffer.from(reason);
    const out = Buffer.alloc(2 + bytes.length);
    out.writeUInt16BE(code);
    bytes.copy(out, 2);
    return out;
}

/** Reads what a peer sends; throws at what no peer may send. `masked`: whether it has to mask. */
export class FrameReader {
    #bytes = Buffer.alloc(0);
    #chunks = [];
    #held = 0;
    #message;

    constructor(masked, inflate) {
        this.masked = masked;
        this.inflate = inflate;
    }

    /** The messages and control frames that are whole with these bytes: {what, payload}. */
    read(bytes) {
        this.#chunks.push(bytes);
        this.#held += bytes.length;
        if (this.#held < (this.wanted ?? 2)) {
            return [];
        }
        this.#bytes = Buffer.concat(this.#chunks);
        const found = [];
        for (let one = this.#frame(); one; one = this.#frame()) {
            const event = this.#take(one);
            if (event) {
                found.push(event);
            }
        }
        this.#chunks = [this.#bytes];
        this.#held = this.#bytes.length;
        return found;
    }

    #frame() {
        const bytes = this.#bytes;
        this.wanted = 2;
        if (bytes.length < 2) {
            return undefined;
        }
        const short = bytes[1] & 0x7f;
        const masked = (bytes[1] & 0x80) !== 0;
        if (masked !== this.masked) {
            throw new Error(masked ? 'a server masks' : 'a client does not mask');
        }
        const width = short < 126 ? 0 : short === 126 ? 2 : 8;
        const head = 2 + width + (masked ? 4 : 0);
        this.wanted = head;
        if (bytes.length < head) {
            return undefined;
        }
        const size = width === 0 ? short : width === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
        if ((width === 2 && size < 126) || (width === 8 && size < 65536)) {
            throw new Error('a length wider than it needs to be');
        }
        this.wanted = head + size;
        if (bytes.length < head + size) {
            return undefined;
        }
        let payload = bytes.subarray(head, head + size);
        if (masked) {
            const key = bytes.subarray(head - 4, head);
            payload = payload.map((byte, i) => byte ^ key[i % 4]);
        }
        this.#bytes = bytes.subarray(head + size);
        this.wanted = 2;
        return {fin: (bytes[0] & 0x80) !== 0, rsv: (bytes[0] >> 4) & 7, opcode: bytes[0] & 15, payload};
    }

    #take({fin, rsv, opcode, payload}) {
        if (rsv !== 0 && !(rsv === 4 && this.inflate && (opcode === 1 || opcode === 2))) {
            throw new Error(`reserved bits ${rsv} on opcode ${opcode}`);
        }
        if (opcode >= 8) {
            if (!fin || payload.length > 125 || opcode > 10) {
                throw new Error('a control frame that is none');
            }
            return {what: ['close', 'ping', 'pong'][opcode - 8], payload};
        }
        if ((opcode === 0) !== (this.#message !== undefined) || opcode > 2) {
            throw new Error(`opcode ${opcode} out of order`);
        }
        this.#message ??= {what: opcode === 1 ? 'text' : 'binary', parts: [], compressed: rsv === 4};
        this.#message.parts.push(payload);
        if (!fin) {
            return undefined;
        }
        const {what, parts, compressed} = this.#message;
        this.#message = undefined;
        const whole = Buffer.concat(parts);
        return {what, payload: compressed ? this.inflate(whole) : whole, compressed};
    }
}
