namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>An input that the engine fills in and the editor never shows.</summary>
/// <param name="kind">What the engine fills in.</param>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class HiddenAttribute(HiddenInput kind) : Attribute
{
    /// <summary>What the engine fills in.</summary>
    public HiddenInput Kind { get; } = kind;
}
