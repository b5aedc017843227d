using System.Text.Json;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Inputs;

/// <summary>Reads the values of a workflow's nodes with their places in its JSON.</summary>
internal static class WorkflowInputs
{
    private const int NodeDepth = 1;
    private const int PropertyDepth = 2;
    private const int InputDepth = 3;

    /// <summary>All values, in the order in which they stand; of what stands twice, both.</summary>
    /// <param name="workflow">Valid JSON of a workflow.</param>
    public static List<WorkflowInput> Read(ReadOnlyMemory<byte> workflow)
    {
        var found = new List<WorkflowInput>();
        var reader = new Utf8JsonReader(workflow.Span, new JsonReaderOptions { MaxDepth = JsonLimits.MaxDepth });
        string? node = null, type = null, property = null, input = null;
        var (first, inInputs, key) = (0, false, 0L);
        while (reader.Read())
        {
            switch (reader.TokenType, reader.CurrentDepth)
            {
                case (JsonTokenType.PropertyName, NodeDepth):
                    (node, type, first) = (JsonText.Read(ref reader) ?? "", null, found.Count); // half a surrogate pair is an id like any other
                    break;
                case (JsonTokenType.PropertyName, PropertyDepth):
                    property = JsonText.Read(ref reader);
                    break;
                case (JsonTokenType.StartObject, PropertyDepth):
                    inInputs = property == "inputs";
                    break;
                case (JsonTokenType.EndObject, PropertyDepth):
                    inInputs = false;
                    break;
                case (JsonTokenType.String, PropertyDepth) when property == "class_type":
                    type = JsonText.Read(ref reader);
                    break;
                case (JsonTokenType.PropertyName, InputDepth) when inInputs:
                    (input, key) = (JsonText.Read(ref reader), reader.TokenStartIndex);
                    break;
                case (JsonTokenType.EndObject, NodeDepth):
                    SetType(found, first, type);
                    break;
                case (not (JsonTokenType.EndArray or JsonTokenType.EndObject), InputDepth) when inInputs && input is not null && node is not null:
                    var text = reader.TokenType == JsonTokenType.String ? JsonText.Read(ref reader) : null;
                    found.Add(new(node, "", input, reader.TokenType, text, key, reader.TokenStartIndex, reader.BytesConsumed));
                    break;
            }
        }

        return found;
    }

    /// <summary>The class may stand after the inputs. Without one, the node is none.</summary>
    private static void SetType(List<WorkflowInput> found, int first, string? type)
    {
        if (type is null)
        {
            found.RemoveRange(first, found.Count - first);
        }

        for (var i = first; i < found.Count; i++)
        {
            found[i] = found[i] with { NodeType = type! };
        }
    }
}
