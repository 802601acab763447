// Socket.IO packets in the messages of an Engine.IO session, of either side.
import {check, same} from './suite.mjs';

export const prefix = (namespace) => namespace === '/' ? '' : `${namespace},`;
export const placeholder = (num) => ({_placeholder: true, num});

/** The next packet: its head up to the payload, the payload, and as many attachments as its head announces. */
export async function packet(one) {
    const text = await one.next();
    check(typeof text === 'string', `bytes instead of a packet: ${text.toString('hex')}`);
    const [, head, payload] = /^(4\d(?:\d+-)?(?:\/[^,[{"]*,)?\d*)(.*)$/s.exec(text) ?? [];
    check(head !== undefined, `no packet: ${text}`);
    const count = Number(/^4[56](\d+)-/.exec(head)?.[1] ?? 0);
    const bytes = [];
    for (let i = 0; i < count; ++i) {
        bytes.push(await one.next());
        check(Buffer.isBuffer(bytes[i]), `${bytes[i]} instead of an attachment`);
    }
    return {head, payload: payload === '' ? undefined : JSON.parse(payload), bytes};
}

export async function sameNext(one, head, payload, bytes = []) {
    const seen = await packet(one);
    same([seen.head, seen.payload], [head, payload]);
    same(seen.bytes, bytes, 'attachments');
}

/** Arguments of all kinds, for events and acks. */
export const values = [
    [], [1], ['text', 2, true, null], [{a: {b: [1, {c: 'd'}]}}], ['ä€😀 \u2028 "\\/\b\n\t\u0000'], [''], [[], {}, [[]]],
    [0, -1, 1.5, 1e21, 1e-7, 9007199254740991], ['x'.repeat(100_000)], [{'': '', '/': ',', '1-': 0}], [Array.from({length: 1000}, (_, i) => i)],
    ['1e'], ['/custom,'],
];
