using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Workflows.Tests.Json;

public sealed class PythonTextTests
{
    [Theory]
    [InlineData("null", "None")]
    [InlineData("true", "True")]
    [InlineData("1", "1")]
    [InlineData("1.50", "1.5")]
    [InlineData("1e3", "1000.0")]
    [InlineData("1e400", "inf")]
    [InlineData("18446744073709551616", "18446744073709551616")]
    [InlineData("\"it's\"", "\"it's\"")]
    [InlineData("\"say \\\"it's\\\"\"", "'say \"it\\'s\"'")]
    [InlineData("\"a\\n\\u0007\\u00e9\\u200b\\\\\"", "'a\\n\\x07é\\u200b\\\\'")]
    [InlineData("{\"a\": [1, null, \"x\"], \"b\": {}}", "{'a': [1, None, 'x'], 'b': {}}")]
    public void Quote_AnyValue_IsPythonsRepr(string json, string repr) => Assert.Equal(repr, PythonText.Quote(JsonNode.Parse(json)));

    [Fact]
    public void Show_Text_IsItself() => Assert.Equal("it's", PythonText.Show(JsonValue.Create("it's")));

    [Fact]
    public void Quote_ValuesMadeInCode_AreAsThoseThatWereParsed() =>
        Assert.Equal("[1, 2, 3, 1.0, 'a', True]", PythonText.Quote(new JsonArray(1, 2L, 3UL, 1.0, "a", true)));
}
