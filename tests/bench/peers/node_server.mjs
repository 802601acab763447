// Servers by npm's packages that send back what they are asked: node_server.mjs --modules FOLDER --package socket.io|ws
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { modules: { type: "string" }, package: { type: "string" } } });
const require = createRequire(values.modules + "/");
const http = createServer();

if (values.package === "socket.io") {
  const { Server } = require("socket.io");
  const io = new Server(http, { transports: ["websocket"] });
  io.on("connection", (socket) => socket.on("text", (what, answer) => answer(what)));
} else {
  const { WebSocketServer } = require("ws");
  const server = new WebSocketServer({ server: http });
  server.on("connection", (socket) => socket.on("message", (bytes) => socket.send(bytes, { binary: false })));
}
http.listen(0, "127.0.0.1", () => console.log(`port ${http.address().port}`));
