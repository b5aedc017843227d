using ComfyServe.Api.Requests.Editor;

namespace ComfyServe.Api.Tests.Requests;

/// <summary>The choices in a prompt.</summary>
public sealed class PromptChoicesTests
{
    [Theory]
    [InlineData("plain, (weighted:1.2), a|b", "plain, (weighted:1.2), a|b", 0)]
    [InlineData("a {b} c", "a b c", 0)]
    [InlineData("{a|b}{c|d}", "bd", 2)]
    [InlineData("{a|{b|{c|d}}} e", "d e", 3)]
    [InlineData("{{a|b}|}x", "x", 1)]
    [InlineData("\\{a\\|b\\} \\(c\\)", "{a|b} \\(c\\)", 0)]
    [InlineData("{a\\|b|c\\}d}", "c}d", 1)]
    [InlineData("a /* {b|c */ d // e {\nf / g", "a  d \nf / g", 0)]
    [InlineData("a } b", "a } b", 0)]
    [InlineData("a smiley :-{ in a field", "a smiley :- in a field", 0)]
    [InlineData("x {a|b", "x b", 1)]
    [InlineData("x {a|{b|c} y", "x c y", 2)]
    [InlineData("x {a|{b|c", "x c", 2)]
    [InlineData("{{a|b}", "b", 1)]
    [InlineData("\\\\{a|b}", "\\\\b", 1)]
    [InlineData("ends with \\", "ends with \\", 0)]
    [InlineData("{", "", 0)]
    public void Make_LastAlternativeDrawn_GivesTheText(string text, string made, int choices)
    {
        var picks = new List<int>();

        Assert.Equal(made, PromptChoices.Make(text, new Last(), picks));
        Assert.Equal(choices, picks.Count);
    }

    [Fact]
    public void Make_DeepNest_Ends()
    {
        const int Depth = 200_000;

        Assert.Equal("x", PromptChoices.Make(new string('{', Depth) + "x" + new string('}', Depth), new Last(), []));
    }

    private sealed class Last : Random
    {
        public override long NextInt64(long minValue, long maxValue) => maxValue - 1;
    }
}
