using System.Text.Json;

namespace ComfyServe.Api.Requests;

/// <summary>Follows a reader and knows where it is: <c>3.inputs.seed</c>, <c>3.inputs.list.0</c>.</summary>
internal sealed class JsonPath
{
    private readonly Stack<Level> _levels = new();
    private string? _name;

    /// <summary>Takes note of the token that the reader has just read.</summary>
    public void Enter(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                _name = JsonText.Read(ref reader);
                return;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _levels.Pop();
                _name = null;
                return;
        }

        if (_levels.TryPeek(out var parent))
        {
            parent.Step(_name);
        }

        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            _levels.Push(new(reader.TokenType == JsonTokenType.StartArray));
        }

        _name = null;
    }

    /// <summary>The path of the current value.</summary>
    public override string ToString() => string.Join('.', _levels.Reverse().Select(l => l.Key));

    private sealed class Level(bool isArray)
    {
        private int _index = -1;
        private string _key = "";

        public string Key => isArray ? _index.ToString() : _key;

        public void Step(string? name)
        {
            _index++;
            _key = name ?? "";
        }
    }
}
