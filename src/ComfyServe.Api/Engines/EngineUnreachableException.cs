namespace ComfyServe.Api.Engines;

/// <summary>An engine could not be reached, took too long, or answered with a server error.</summary>
internal sealed class EngineUnreachableException(string message, Exception? inner = null) : Exception(message, inner);
