using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Strings;

namespace ComfyServe.Engine.Tests.Nodes;

public sealed class StringNodeTests
{
    [Theory]
    [InlineData(1, 3, "b🐈")]
    [InlineData(-2, 100, "🐈d")]
    [InlineData(3, 1, "")]
    [InlineData(0, -1, "ab🐈")]
    public void Substring_PositionsAsInPython_CountCodePoints(long start, long end, string expected) =>
        Assert.Equal(expected, StringNodes.Substring("ab🐈d", start, end));

    private static NodeContext Context() => NodeCall.Context(Path.GetTempPath());

    [Fact]
    public void Length_TextBeyondTheBasicPlane_CountsCodePoints() => Assert.Equal(4, StringNodes.Length("ab🐈d"));

    [Theory]
    [InlineData("Capitalize", "They're big")]
    [InlineData("Title Case", "They'Re Big")]
    [InlineData("UPPERCASE", "THEY'RE BIG")]
    [InlineData("lowercase", "they're big")]
    public void ConvertCase_EveryMode_IsPythons(string mode, string expected) =>
        Assert.Equal(expected, StringNodes.ConvertCase("tHEY're bIG", mode));

    [Fact]
    public void Replace_EmptySearch_InsertsBetweenAllCharacters() => Assert.Equal("-a-b-", StringNodes.Replace("ab", "", "-", Context()));

    [Theory]
    [InlineData(@"(?P<year>\d{4})-(\d\d)", "First Group", 1, "2026")]
    [InlineData(@"(?P<year>\d{4})-(\d\d)", "First Group", 2, "03")]
    [InlineData(@"(?P<year>\d{4})-(\d\d)", "First Match", 1, "2026-03")]
    [InlineData(@"(?P<year>\d{4})-(\d\d)", "All Matches", 1, "2026\n2025")]
    [InlineData(@"(?P<year>\d{4})-(\d\d)", "All Groups", 2, "03\n12")]
    [InlineData(@"\d{4}-\d\d", "All Matches", 1, "2026-03\n2025-12")]
    [InlineData(@"(\d)(?P=x)", "First Match", 1, "")]
    [InlineData("[", "First Match", 1, "")]
    [InlineData(@"(\d)", "First Group", 2, "")]
    public void Extract_PatternInPythonsLanguage_GivesWhatPythonGives(string pattern, string mode, long group, string expected) =>
        Assert.Equal(expected, RegexNodes.Extract("on 2026-03 and 2025-12", pattern, mode, true, false, false, group, Context()));

    [Theory]
    [InlineData(@"(?P<a>\w)(\w)", @"\2\g<a>\g<1>", 0, "baadcc e")]
    [InlineData(@"\w", @"<\g<0>>", 2, "<a><b>cd e")]
    [InlineData("[]a]", "x", 0, "xbcd e")]
    [InlineData(@"\Z", "!", 0, "abcd e!")]
    [InlineData("D{,1} ", @"\n", 0, "abc\ne")]
    public void Replace_TemplateInPythonsLanguage_GivesWhatPythonGives(string pattern, string template, long count, string expected) =>
        Assert.Equal(expected, RegexNodes.Replace("abcd e", pattern, template, Context(), count: count));

    [Fact]
    public void Replace_InvalidPattern_FailsUnderPythonsName()
    {
        var exception = Assert.Throws<NodeException>(() => RegexNodes.Replace("a", "(", "", Context()));

        Assert.Equal("re.error", exception.Type);
    }

    [Fact]
    public void Match_InvalidPattern_IsFalse() => Assert.False(RegexNodes.Match("a", "(?<x>a)", true, false, false, Context()));

    public static TheoryData<object?, string> Values() => new()
    {
        { "text", "text" },
        { true, "True" },
        { 3L, "3" },
        { 2.0, "2.0" },
        { 1e-5, "1e-05" },
        { null, "None" },
        { JsonNode.Parse("""{"a":[1,"é"]}"""), """{"a": [1, "\u00e9"]}""" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void PreviewAny_Value_IsShownAsPythonPrintsIt(object? value, string expected) =>
        Assert.Equal(expected, (string?)PreviewAnyNode.Preview(value).Content["text"]![0]);
}
