namespace ComfyServe.Api.Requests;

/// <summary>One mistake in a request, as FastAPI reports it. Values are never echoed: they may be secrets.</summary>
/// <param name="Type">Kind of mistake, for example <c>missing</c>.</param>
/// <param name="Location">Path to it: strings and array indexes.</param>
/// <param name="Message">What is wrong.</param>
internal sealed record ValidationProblem(string Type, IReadOnlyList<object> Location, string Message)
{
    /// <summary>Parser's complaint, for <c>json_invalid</c>.</summary>
    public string? Context { get; init; }
}
