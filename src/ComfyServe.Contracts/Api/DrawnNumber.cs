namespace ComfyServe.Contracts.Api;

/// <summary>A number drawn for a <c>__RANDOM_INT__</c> of the workflow, or the place of the alternative drawn from a <c>{a|b}</c> in a prompt of the editor's.</summary>
public sealed record DrawnNumber
{
    /// <summary>Where it stands, for example <c>3.inputs.seed</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The number, 0 … 4294967295; of an alternative its place, from 0.</summary>
    public required long Value { get; init; }
}
