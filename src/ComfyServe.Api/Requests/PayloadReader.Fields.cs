using System.Globalization;
using System.Text.Json;

namespace ComfyServe.Api.Requests;

/// <content>The field types, as lax as the original's: see the API reference, "Request body".</content>
internal sealed partial class PayloadReader
{
    private string Text(JsonElement parent, string name, object[] location)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return "";
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return TextOf(value, [.. location, name]);
        }

        Add("string_type", [.. location, name], "Input should be a valid string");
        return "";
    }

    private string TextOf(JsonElement value, object[] location)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            Add("string_unicode", location, "Input should be a valid string, unable to parse raw data as a unicode string");
            return "";
        }
    }

    /// <summary>An object; an empty one counts as absent.</summary>
    private JsonElement? Dictionary(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return value.GetPropertyCount() == 0 ? null : value;
        }

        Add("dict_type", [.. InputLocation, name], "Input should be a valid dictionary");
        return null;
    }

    private JsonElement? Section(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return value;
        }

        Add("model_attributes_type", [.. InputLocation, name], "Input should be a valid dictionary or object to extract fields from");
        return null;
    }

    private int Integer(JsonElement parent, string name, object[] location, int otherwise, int most = 3600) =>
        parent.TryGetProperty(name, out var value) ? Whole(value, [.. location, name], most) ?? otherwise : otherwise;

    /// <summary>A number of seconds that may be absent or null. How many are allowed is the service's to say, once the request is read.</summary>
    private int? Seconds(JsonElement parent, string name, object[] location) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Whole(value, [.. location, name], LongestSeconds) : null;

    private int? Whole(JsonElement value, object[] location, int most)
    {
        var number = 0;
        var valid = value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetInt32(out number),
            JsonValueKind.String => int.TryParse(value.GetRawText().AsSpan(1..^1), NumberStyles.Integer, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
        if (!valid)
        {
            Add(value.ValueKind == JsonValueKind.String ? "int_parsing" : "int_type", location, "Input should be a valid integer");
            return null;
        }

        if (number < 1 || number > most)
        {
            Add("int_range", location, $"Input should be between 1 and {most}");
            return null;
        }

        return number;
    }

    private bool Boolean(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value))
        {
            return false;
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.True or JsonValueKind.False:
                return value.GetBoolean();
            case JsonValueKind.Number when value.TryGetInt32(out var number) && number is 0 or 1:
                return number == 1;
            case JsonValueKind.String when Flag.TryParse(value.GetRawText().AsSpan(1..^1), out var flag):
                return flag;
            case JsonValueKind.String or JsonValueKind.Number:
                Add("bool_parsing", [.. InputLocation, name], "Input should be a valid boolean, unable to interpret input");
                return false;
            default:
                Add("bool_type", [.. InputLocation, name], "Input should be a valid boolean");
                return false;
        }
    }
}
