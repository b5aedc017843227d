namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>One output of a node.</summary>
/// <param name="Type">The type string.</param>
/// <param name="Name">The name that the editor shows.</param>
/// <param name="Tooltip">Help text, or null.</param>
/// <param name="IsList">Each call returns a list; the lists of all calls are joined.</param>
internal sealed record NodeOutput(string Type, string Name, string? Tooltip, bool IsList);
