import type { WebSocket } from "ws";
import type { Principal } from "@cumulet/core";
import type { GatewayRequest } from "../../domain/http-message.ts";
import type { CallerIdentity } from "../../domain/lambda-events.ts";
import type { Clock } from "@cumulet/core";
import type { ApiAddress } from "../plane.ts";

/** A connection without traffic is closed after ten minutes, any after two hours: AWS's limits, on platform time. */
const IDLE_MS = 10 * 60 * 1000;
const MAX_LIFE_MS = 2 * 60 * 60 * 1000;
/** "Going away": how AWS closes what lasted too long. */
const GOING_AWAY = 1001;

/** An open WebSocket of an API. */
export class Connection {
  readonly id: string;
  readonly address: ApiAddress;
  readonly stageName: string;
  readonly request: GatewayRequest;
  readonly connectedMs: number;
  readonly stageVariables: () => { [name: string]: string };
  lastActiveMs: number;
  identity: Partial<CallerIdentity> = {};
  caller: Principal | undefined;
  apiKey: { id: string; value: string } | undefined;
  /** `requestContext.authorizer` of all its events. */
  authorizer: Record<string, unknown> | undefined;
  socket: WebSocket | undefined;
  private readonly clock: Clock;
  private timer: Disposable | undefined;

  constructor(parts: { id: string; address: ApiAddress; stageName: string; stageVariables: () => { [name: string]: string }; request: GatewayRequest; clock: Clock }) {
    this.id = parts.id;
    this.address = parts.address;
    this.stageName = parts.stageName;
    this.stageVariables = parts.stageVariables;
    this.request = parts.request;
    this.clock = parts.clock;
    this.connectedMs = parts.clock.now();
    this.lastActiveMs = this.connectedMs;
  }

  /** Takes the opened socket and starts to watch its age. One timer a connection, whatever its traffic. */
  open(socket: WebSocket): void {
    this.socket = socket;
    this.watch();
  }

  private watch(): void {
    const now = this.clock.now();
    const due = Math.min(this.lastActiveMs + IDLE_MS, this.connectedMs + MAX_LIFE_MS);
    if (due <= now) {
      this.socket?.close(GOING_AWAY, "Going away");
      return;
    }
    this.timer = this.clock.schedule(due - now, () => this.watch());
  }

  /** Traffic in either direction keeps a connection open. */
  touch(): void {
    this.lastActiveMs = this.clock.now();
  }

  /** Sends text to the client; false when the connection is gone. */
  send(text: string | Uint8Array): Promise<boolean> {
    const { socket } = this;
    if (socket === undefined || socket.readyState !== socket.OPEN) return Promise.resolve(false);
    this.touch();
    return new Promise((resolve) => socket.send(text, { binary: false }, (error) => resolve(error === undefined || error === null)));
  }

  closed(): void {
    this.timer?.[Symbol.dispose]();
    this.timer = undefined;
  }
}
