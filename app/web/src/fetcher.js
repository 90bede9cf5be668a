import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";
import { consistentFetch } from "./receipts.js";

const { origin, pathname } = window.location;
const send = createGraphiQLFetcher({
  url: pathname,
  subscriptionUrl: `${origin.replace(/^http/, "ws")}${pathname}`,
  fetch: consistentFetch,
  enableIncrementalDelivery: false,
});

/** Requests over HTTP, subscriptions over a socket, to the address of this page. */
export function fetcher(request, options) {
  return send(...asItStands(request, options));
}

/**
 * GraphiQL reads the text a moment after it changes; whoever opens a tab and runs it within that moment would
 * send the name of the operation before.
 */
function asItStands(request, options) {
  try {
    const documentAST = parse(request.query);
    const operations = documentAST.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
    const operationName = operations.length === 1 ? operations[0].name?.value : request.operationName;
    return [{ ...request, operationName }, { ...options, documentAST }];
  } catch {
    return [request, options];
  }
}
