using ComfyServe.Diffusion.Text;

namespace ComfyServe.Diffusion.Tests.Text;

public sealed class PromptWeightsTests
{
    [Theory]
    [InlineData("a (cat:1.5) dog", "a =1|cat=1.5| dog=1")]
    [InlineData("((x))", "x=1.21")]
    [InlineData("(a (b:2) c)", "a =1.1|b=2| c=1.1")]
    [InlineData("(unclosed", "(unclosed=1")]
    [InlineData("a) b", "a) b=1")]
    [InlineData(") (x)", ") (x)=1")]
    [InlineData("()", "")]
    [InlineData("(a:)", "a:=1.1")]
    [InlineData("(a:b)", "a:b=1.1")]
    [InlineData("(:1.2)", ":1.2=1.1")]
    [InlineData("(x:0)", "x=0")]
    [InlineData("(a:-1)", "a=-1")]
    [InlineData("(a:1.2:1.3)", "a:1.2=1.3")]
    [InlineData("(a: +1_0.5 )", "a=10.5")]
    [InlineData("(a:1__0)", "a:1__0=1.1")]
    [InlineData("(a:inf)", "a=Infinity")]
    [InlineData(@"\(lit\) (w)", "(lit) =1|w=1.1")]
    [InlineData("[x]", "[x]=1")]
    [InlineData("", "")]
    public void Parse_Prompt_GivesSegments(string prompt, string expected)
    {
        var segments = PromptWeights.Parse(prompt);

        Assert.Equal(expected, string.Join('|', segments.Select(s => $"{s.Text}={Math.Round(s.Weight, 6)}")));
    }

    [Fact]
    public void Parse_TenThousandOpenGroups_EndsWithoutExhaustingTheStack()
    {
        var prompt = new string('(', 10_000) + "x" + new string(')', 10_000);

        var segments = PromptWeights.Parse(prompt);

        Assert.Contains('x', Assert.Single(segments).Text);
    }
}
