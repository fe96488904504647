import type * as grpc from "@grpc/grpc-js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { check } from "./check";
import { Cluster } from "./cluster";
import { settingProblems, settingsFrom } from "./configure";
import { create, previewCreate } from "./create";
import { remove } from "./delete";
import { diff, type Difference } from "./diff";
import { diffConfig } from "./diffConfig";
import type { EngineLog } from "./engineLog";
import { grpcFailure } from "./grpcFailure";
import { title, version } from "./identity";
import { decode, encode, reveal } from "./properties";
import { read } from "./read";
import type { Session } from "./session";
import { previewUpdate, update } from "./update";

const { DiffChanges } = messages.DiffResponse;
const { Kind } = messages.PropertyDiff;

/** The engine's requests, each handed to the function that is named after it. */
export function providerService(log: EngineLog): grpc.UntypedServiceImplementation {
  const cancel = new AbortController();
  let configured: Session | undefined;
  const session = (): Session => {
    if (configured === undefined) throw new Error(`${title}: used before it was configured`);
    return configured;
  };

  const service: Partial<IResourceProviderServer> = {
    getPluginInfo: answer(() => new PluginInfo().setVersion(version)),

    getSchema: answer(() => new messages.GetSchemaResponse().setSchema("{}")),

    getMapping: answer(() => new messages.GetMappingResponse()),

    checkConfig: answer((request: messages.CheckRequest) => {
      const problems = settingProblems(reveal(decode(request.getNews())));
      return new messages.CheckResponse()
        .setInputs(request.getNews())
        .setFailuresList(problems.map(checkFailure));
    }),

    diffConfig: answer((request: messages.DiffRequest) => {
      const olds = reveal(decode(request.getOldInputs() ?? request.getOlds()));
      return diffResponse(diffConfig(olds, reveal(decode(request.getNews()))));
    }),

    configure: answer((request: messages.ConfigureRequest) => {
      const settings = settingsFrom(reveal(decode(request.getArgs())));
      const cluster = new Cluster(settings.kubeconfig, settings.namespace, cancel.signal);
      configured = { settings, cluster, log, canceled: cancel.signal };
      return new messages.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setSupportsAutonamingConfiguration(true);
    }),

    check: answer(async (request: messages.CheckRequest) => {
      const olds = request.getOlds();
      const { inputs, problems } = await check(
        session().cluster,
        request.getUrn(),
        olds === undefined ? undefined : decode(olds),
        decode(request.getNews()),
        request.getAutonaming(),
      );
      return new messages.CheckResponse()
        .setInputs(encode(inputs))
        .setFailuresList(problems.map(checkFailure));
    }),

    diff: answer(async (request: messages.DiffRequest) => {
      const { cluster, settings } = session();
      const olds = decode(request.getOldInputs());
      const news = decode(request.getNews());
      return diffResponse(
        await diff(cluster, settings, olds, news, request.getIgnorechangesList()),
      );
    }),

    create: answer(async (request: messages.CreateRequest) => {
      const inputs = decode(request.getProperties());
      if (request.getPreview()) {
        const properties = await previewCreate(session(), inputs);
        return new messages.CreateResponse().setProperties(encode(properties));
      }
      const created = await create(session(), request.getUrn(), inputs, request.getTimeout());
      return new messages.CreateResponse()
        .setId(created.id)
        .setProperties(encode(created.properties));
    }),

    read: answer(async (request: messages.ReadRequest) => {
      const inputs = decode(request.getInputs());
      const state = decode(request.getProperties());
      const found = await read(session(), request.getUrn(), request.getId(), inputs, state);
      const response = new messages.ReadResponse();
      if (found === undefined) return response;
      return response
        .setId(found.id)
        .setProperties(encode(found.properties))
        .setInputs(encode(found.inputs));
    }),

    update: answer(async (request: messages.UpdateRequest) => {
      const state = decode(request.getOlds());
      const inputs = decode(request.getNews());
      const ignored = request.getIgnorechangesList();
      const properties = request.getPreview()
        ? await previewUpdate(session(), state, inputs, ignored)
        : await update(session(), request.getUrn(), state, inputs, ignored, request.getTimeout());
      return new messages.UpdateResponse().setProperties(encode(properties));
    }),

    delete: answer(async (request: messages.DeleteRequest) => {
      await remove(
        session(),
        request.getUrn(),
        request.getId(),
        decode(request.getOldInputs()),
        decode(request.getProperties()),
        request.getTimeout(),
      );
      return new Empty();
    }),

    invoke: answer((request: messages.InvokeRequest): messages.InvokeResponse => {
      throw new Error(`${title} has no functions; ${request.getTok()} needs the genuine plugin`);
    }),

    construct: answer((request: messages.ConstructRequest): messages.ConstructResponse => {
      throw new Error(
        `${title} makes no components; ${request.getType()} needs the genuine plugin`,
      );
    }),

    cancel: answer(() => {
      cancel.abort();
      return new Empty();
    }),
  };
  return service as grpc.UntypedServiceImplementation;
}

function answer<Request, Response>(
  reply: (request: Request) => Response | Promise<Response>,
): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    // A reply that throws at once and one that fails later take the same way.
    Promise.resolve(call.request)
      .then(reply)
      .then(
        (response) => {
          callback(null, response);
        },
        (error: unknown) => {
          callback(grpcFailure(error));
        },
      );
  };
}

function checkFailure(problem: { property: string; reason: string }): messages.CheckFailure {
  return new messages.CheckFailure().setProperty(problem.property).setReason(problem.reason);
}

function diffResponse({ changes, deleteBeforeReplace }: Difference): messages.DiffResponse {
  const response = new messages.DiffResponse().setHasdetaileddiff(true);
  const replaces: string[] = [];
  for (const [path, change] of changes) {
    if (change.replaces) replaces.push(path);
    const [kind, replacingKind] = {
      add: [Kind.ADD, Kind.ADD_REPLACE],
      delete: [Kind.DELETE, Kind.DELETE_REPLACE],
      update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
    }[change.kind] as [messages.PropertyDiff.Kind, messages.PropertyDiff.Kind];
    const detail = new messages.PropertyDiff().setKind(change.replaces ? replacingKind : kind);
    response.getDetaileddiffMap().set(path, detail.setInputdiff(true));
  }
  return response
    .setChanges(changes.size > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setReplacesList(replaces)
    .setDiffsList([...changes.keys()])
    .setDeletebeforereplace(replaces.length > 0 && deleteBeforeReplace);
}
