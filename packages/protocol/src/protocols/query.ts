/** The query protocol: form parameters in, XML out. */
import type { AwsError } from "../error.ts";
import { malformedInput } from "../errors.ts";
import type { ResolvedError } from "../errors.ts";
import type { WireResponse } from "../http.ts";
import type { OperationModel, ServiceModel } from "../model.ts";
import { FormReaders } from "../shapes/form-read.ts";
import { members, resolve } from "../shapes/traits.ts";
import { XmlWriters } from "../shapes/xml-write.ts";
import { escapeXml } from "../xml/escape.ts";
import { respond, structure, withHeaders } from "./protocol.ts";
import type { OperationCodec, ProtocolCodec } from "./protocol.ts";

export class QueryProtocol implements ProtocolCodec {
  readonly #model: ServiceModel;
  readonly #readers: FormReaders;
  readonly #writers: XmlWriters;
  readonly #namespace: string;

  constructor(model: ServiceModel) {
    this.#model = model;
    this.#readers = new FormReaders(model);
    this.#writers = new XmlWriters(model, { milliseconds: false });
    this.#namespace = model.metadata.xmlNamespace === undefined ? "" : ` xmlns="${escapeXml(model.metadata.xmlNamespace)}"`;
  }

  operation(model: OperationModel): OperationCodec {
    const input = model.input === undefined ? undefined : resolve(this.#model, model.input);
    const read = this.#readers.structureReader(input === undefined ? [] : members(this.#model, input.shape));
    const output = model.output === undefined ? undefined : resolve(this.#model, model.output);
    const write = output === undefined ? undefined : this.#writers.structureContent(members(this.#model, output.shape));
    const start = `<${model.name}Response${this.#namespace}>`;
    // Services that botocore models as JSON have lost the wrapper's name; it was the rule's own.
    const wrapper = model.output?.resultWrapper ?? `${model.name}Result`;
    return {
      decode: (facts) => {
        if (facts.form === undefined) throw malformedInput("The request has no parameters");
        return read(facts.form);
      },
      encode: (value, requestId) => {
        let result = "";
        if (write !== undefined) {
          const inside = write(structure(value));
          result = inside === "" ? `<${wrapper}/>` : `<${wrapper}>${inside}</${wrapper}>`;
        }
        const body = `${start}${result}<ResponseMetadata><RequestId>${escapeXml(requestId)}</RequestId></ResponseMetadata></${model.name}Response>`;
        return respond(200, ["x-amzn-RequestId", requestId, "Content-Type", "text/xml"], body);
      },
    };
  }

  encodeError(resolved: ResolvedError, error: AwsError, requestId: string): WireResponse {
    const shape = resolved.shape;
    const extra = shape === undefined ? "" : this.#writers.structureContent(
      members(this.#model, shape).filter(([name]) => name.toLowerCase() !== "message"))(error.fields);
    // SQS always closes with an empty Detail; its old clients look for it.
    const detail = this.#model.id === "sqs" ? "<Detail/>" : "";
    const body = `<ErrorResponse${this.#namespace}><Error><Type>${resolved.sender ? "Sender" : "Receiver"}</Type><Code>${escapeXml(resolved.code)}</Code>`
      + `<Message>${escapeXml(resolved.message)}</Message>${extra}${detail}</Error><RequestId>${escapeXml(requestId)}</RequestId></ErrorResponse>`;
    return respond(resolved.status, withHeaders(["x-amzn-RequestId", requestId, "Content-Type", "text/xml"], error.headers), body);
  }
}
