namespace ComfyServe.Contracts.Api;

/// <summary>The body of every <c>POST /generate…</c>: one <c>input</c> object.</summary>
public sealed record GenerateRequest
{
    /// <summary>What to run, where outputs go and whom to tell.</summary>
    public required GenerateInput Input { get; init; }
}
