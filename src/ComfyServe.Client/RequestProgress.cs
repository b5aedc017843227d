namespace ComfyServe.Client;

/// <summary>Where a request is.</summary>
/// <param name="State">Its state.</param>
/// <param name="RequestIdx">The request's number at the gateway, 0 before the first answer.</param>
/// <param name="Detail">For people: the gateway's words, the worker's address, or why it is tried again.</param>
public sealed record RequestProgress(RequestState State, long RequestIdx, string Detail);
