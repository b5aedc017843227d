using ComfyServe.Api.Requests.Checks;
using CsCheck;

namespace ComfyServe.Api.Tests.Requests;

public sealed class NearChoicesTests
{
    [Theory]
    [InlineData("SD1.5\\x.safetensors", "SD1.5/x.safetensors", "SD1.5/x.safetensors")]
    [InlineData("SD1.5/x.safetensors", "SD1.5\\x.safetensors", "SD1.5\\x.safetensors")]
    [InlineData("sd1.5\\X.safetensors", "SD1.5/x.safetensors", "SD1.5/x.safetensors")]
    [InlineData("x.safetensors", "SD1.5/x.safetensors", "SD1.5/x.safetensors")]
    [InlineData("SD1.5\\x.safetensors", "x.safetensors", "x.safetensors")]
    [InlineData("SDXL/x.safetensors", "SD1.5/x.safetensors", null)] // another file of the same name
    [InlineData("x.safetensors", "a/x.safetensors|b/x.safetensors", null)] // which?
    [InlineData("a\\x.safetensors", "a/x.safetensors|A/x.safetensors", "a/x.safetensors")]
    [InlineData("Euler", "euler|euler_ancestral", null)] // no path
    [InlineData("y.safetensors", "x.safetensors", null)]
    public void Meant_Path_IsFoundWhereItCanOnlyBeOne(string value, string choices, string? expected) => Assert.Equal(expected, NearChoices.Meant(value, choices.Split('|')));

    [Fact]
    public void Meant_GeneratedPaths_IsOneOfTheChoicesAndOfTheSameName() =>
        Gen.Select(Gen.OneOf("a", "A", "b", "x.y"), Gen.OneOf('/', '\\'), Gen.OneOf("m.ckpt", "M.ckpt", "n.ckpt"), Gen.Select(Gen.OneOf("a/", "A/", "b\\", ""), Gen.OneOf("m.ckpt", "n.ckpt"), static (f, n) => f + n).Array[0, 6]).Sample(
            static (folder, slash, name, choices) =>
            {
                var meant = NearChoices.Meant($"{folder}{slash}{name}", choices);

                Assert.True(meant is null || (choices.Contains(meant) && meant.EndsWith(name, StringComparison.OrdinalIgnoreCase)));
                if (choices.Distinct().Count(c => c.Replace('\\', '/') == $"{folder}/{name}") == 1 && choices.Length == choices.Distinct().Count())
                {
                    Assert.Equal($"{folder}/{name}", meant!.Replace('\\', '/'));
                }
            },
            iter: 500);

    [Fact]
    public void Sorted_Misspelt_TheNearestComesFirst()
    {
        string[] choices = ["ddim", "heun", "euler_ancestral", "dpmpp_2m", "euler"];

        Assert.Equal("euler", NearChoices.Sorted("eulr", choices).First());
        Assert.Equal("dpmpp_2m", NearChoices.Sorted("DPM++ 2M dpmpp", choices).First());
        Assert.Equal(choices, NearChoices.Sorted("?", choices));
        Assert.Equal(choices.Order(), NearChoices.Sorted("eulr", choices).Order());
    }
}
