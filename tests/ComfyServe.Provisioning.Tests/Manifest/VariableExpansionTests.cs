using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Tests.Manifest;

public sealed class VariableExpansionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("${A}", "1")]
    [InlineData("x${A}y${B:-2}z", "x1y2z")]
    [InlineData("${A:-9}", "1")]
    [InlineData("${EMPTY:-9}", "9")]
    [InlineData("${EMPTY}", "")]
    [InlineData("$${A}", "${A}")]
    [InlineData("$A and $ and {A}", "$A and $ and {A}")]
    [InlineData("${C:=5}${C}", "55")]
    [InlineData("${D:-}", "")]
    [InlineData("${D:-http://h:80/p}", "http://h:80/p")]
    public void Expand_Text_ReplacesVariables(string text, string expected)
    {
        var expansion = new VariableExpansion(Variable);

        var expanded = expansion.Expand(text, m => Assert.Fail(m));

        Assert.Equal(expected, expanded);
    }

    [Theory]
    [InlineData("${MISSING}")]
    [InlineData("${A")]
    [InlineData("${}")]
    [InlineData("${1A}")]
    [InlineData("${A:?no}")]
    [InlineData("${A B}")]
    public void Expand_Mistake_IsTold(string text)
    {
        var mistakes = new List<string>();

        new VariableExpansion(Variable).Expand(text, mistakes.Add);

        Assert.Single(mistakes);
    }

    private static string? Variable(string name) => name switch
    {
        "A" => "1",
        "EMPTY" => "",
        _ => null,
    };
}
