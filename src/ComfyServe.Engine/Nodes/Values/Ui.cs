using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>
/// What an output node shows: the <c>output</c> of the <c>executed</c> message and of the history. Each key has a
/// list; the lists of several calls of one node are joined.
/// </summary>
public sealed class Ui
{
    /// <summary>The lists by key, in the order they were added.</summary>
    public JsonObject Content { get; } = [];

    /// <summary>A result with saved images.</summary>
    public static Ui Images(IEnumerable<SavedFile> files)
    {
        var ui = new Ui();
        foreach (var file in files)
        {
            ui.Add("images", file.ToJson());
        }

        return ui;
    }

    /// <summary>Adds a value to the list under a key.</summary>
    public Ui Add(string key, JsonNode? value)
    {
        if (Content[key] is not JsonArray list)
        {
            Content[key] = list = [];
        }

        list.Add(value);
        return this;
    }
}
