namespace ComfyServe.Engine.Nodes.Values;

/// <summary>What a node returns in a <see cref="Blockable{T}"/> slot to stop the nodes behind it.</summary>
/// <param name="Message">Shown once as an error; null: the nodes are skipped silently.</param>
public readonly record struct Blocked(string? Message = null);
