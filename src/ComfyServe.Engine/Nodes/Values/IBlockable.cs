namespace ComfyServe.Engine.Nodes.Values;

/// <summary>A slot that may be blocked; see <see cref="Blockable{T}"/>.</summary>
public interface IBlockable
{
    /// <summary>Whether nodes that need the slot are skipped.</summary>
    bool IsBlocked { get; }

    /// <summary>Why, for the user; null: silently.</summary>
    string? Message { get; }

    /// <summary>The value, when not blocked.</summary>
    object? Value { get; }
}
