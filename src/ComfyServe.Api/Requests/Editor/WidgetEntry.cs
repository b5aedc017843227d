using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;

namespace ComfyServe.Api.Requests.Editor;

/// <summary>What may stand at one place of the list of values that the editor saves for a node.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Spec">The input whose value it is; null for anything else.</param>
/// <param name="Node">In a group of nodes: which one has the input.</param>
/// <param name="Name">Within a group of nodes: what the group calls the input.</param>
internal sealed record WidgetEntry(WidgetEntry.Role Kind, InputSpec? Spec = null, int Node = 0, string Name = "")
{
    /// <summary>That it cannot be.</summary>
    public const int Never = 1_000_000;

    /// <summary>A value of another kind than the input's.</summary>
    public const int Misfit = 10;

    private static readonly string[] AfterGenerate = ["fixed", "increment", "decrement", "randomize", "increment-wrap"];
    private static readonly string[] Captions = ["image", "video", "audio", "upload", ""];

    /// <summary>What an entry is.</summary>
    internal enum Role
    {
        /// <summary>The value of an input.</summary>
        Value,

        /// <summary>What the editor does with the number before it after each run: its own affair.</summary>
        Control,

        /// <summary>Which choices the editor draws from after each run.</summary>
        Filter,

        /// <summary>A button, or a preview.</summary>
        Button,

        /// <summary>An input that only takes connections; old editors saved a value for it all the same.</summary>
        Socket,
    }

    /// <summary>Whether the list may lack it although values follow.</summary>
    public bool IsOptional => Kind != Role.Value;

    /// <summary>How unlikely it is that the file lacks it although values follow.</summary>
    public int SkipCost => Kind switch
    {
        Role.Value => Never,
        Role.Control => 3,
        Role.Socket => 0,
        _ => 1,
    };

    /// <summary>How ill a value suits.</summary>
    public int Cost(JsonElement value) => Kind switch
    {
        Role.Control => value.ValueKind switch
        {
            JsonValueKind.String => AfterGenerate.Any(value.ValueEquals) ? 0 : Never,
            JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => 0, // true and false: how old editors wrote randomize and fixed
            _ => Never,
        },
        Role.Filter => value.ValueKind is JsonValueKind.String or JsonValueKind.Null ? 0 : Never,
        Role.Button => value.ValueKind switch
        {
            JsonValueKind.Null => 0,
            JsonValueKind.String => Captions.Any(value.ValueEquals) ? 0 : 2,
            _ => 4,
        },
        Role.Socket => 1,
        _ => Cost(Spec!, value),
    };

    private static int Cost(InputSpec spec, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return 1;
        }

        return spec.Type switch
        {
            "INT" => NumberCost(value, whole: true),
            "FLOAT" => NumberCost(value, whole: false),
            "STRING" => value.ValueKind switch
            {
                JsonValueKind.String => 0,
                JsonValueKind.Number => 2,
                JsonValueKind.True or JsonValueKind.False => 3,
                _ => Misfit,
            },
            "BOOLEAN" => value.ValueKind switch
            {
                JsonValueKind.True or JsonValueKind.False => 0,
                JsonValueKind.Number => 2,
                JsonValueKind.String when Flag.TryParse(value.GetString(), out _) => 2,
                _ => Misfit,
            },
            _ => ChoiceCost(spec, value),
        };
    }

    private static int NumberCost(JsonElement value, bool whole) => value.ValueKind switch
    {
        JsonValueKind.Number => whole && value.GetRawText().AsSpan().IndexOfAny(".eE") >= 0 ? 1 : 0,
        JsonValueKind.String => PythonNumber.Read(value, whole) is not null ? 2 : Misfit,
        JsonValueKind.True or JsonValueKind.False => 3,
        _ => Misfit,
    };

    private static int ChoiceCost(InputSpec spec, JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
        {
            return spec.IsMany && value.ValueKind == JsonValueKind.Array ? 0 : Misfit;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (spec.Choices is null || spec.Choices.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            return 0;
        }

        return value.ValueKind == JsonValueKind.String ? 2 : 5; // A file that this engine lacks is common; a number that it lacks is not.
    }
}
