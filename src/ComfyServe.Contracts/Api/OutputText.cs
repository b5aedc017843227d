namespace ComfyServe.Contracts.Api;

/// <summary>One text that a node of the workflow produced.</summary>
public sealed record OutputText
{
    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>Id of the node.</summary>
    public required string NodeId { get; init; }

    /// <summary>The engine's kind of output, for example <c>text</c>.</summary>
    public required string OutputType { get; init; }

    /// <summary>Class of the node.</summary>
    public string? NodeType { get; init; }

    /// <summary>Title of the node, where the workflow has one.</summary>
    public string? NodeTitle { get; init; }
}
