using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Owners;
using CsCheck;

namespace ComfyServe.Api.Tests.Owners;

/// <summary>An owner's names on their way to an engine and back.</summary>
public sealed class OwnerFilesTests
{
    private static readonly OwnerFiles Ann = OwnerFiles.Of("ann")!;
    private static readonly OwnerFiles Bob = OwnerFiles.Of("bob")!;

    private static readonly Gen<string> Names = Gen.OneOf([.. ((string[])[
        "a", "B.png", "..", ".", "/", "\\", "//", " ", ".. ", "...", "~", "C:", "%2e%2e", "\u2215", "\uFF0E\uFF0E", "checkpoints", "loras", "[output]", " [temp]", " [input]", "\0", "\u00e9", "e\u0301",
        Bob.Folder, Ann.Folder, Bob.Folder.ToUpperInvariant(), "latents"]).Select(Gen.Const)]).Array[0, 8].Select(parts => string.Concat(parts));

    [Fact]
    public void Loaded_AnyName_StaysInTheOwnersFolders() => Names.Sample(
        name =>
        {
            if (Ann.Loaded(name) is { } loaded)
            {
                AssertOwn(Cut(loaded), isOutput: loaded.EndsWith("[output]", StringComparison.Ordinal));
            }
        },
        iter: 20_000);

    [Fact]
    public void Saved_AnyPrefix_StaysInTheOwnersFolders() => Names.Sample(
        prefix =>
        {
            if (Ann.Saved(prefix) is { } saved)
            {
                AssertOwn(saved, isOutput: true);
                Assert.False(saved.EndsWith(Ann.Folder, StringComparison.Ordinal) && !prefix.Contains(Ann.Folder, StringComparison.Ordinal), saved); // that would be a file beside the folder
            }
        },
        iter: 20_000);

    [Fact]
    public void Told_NamesOfTheOwner_AreAsHeGaveThem() => Names.Where(n => !n.Contains("o-", StringComparison.OrdinalIgnoreCase)).Sample(
        name =>
        {
            if (Ann.Saved(name) is { } saved && RelativeName.Normalize(name) is { Length: > 0 } normal)
            {
                Assert.Equal(normal, Ann.Told(saved));
            }
        },
        iter: 20_000);

    [Theory]
    [InlineData("a.png", "{0}/a.png")]
    [InlineData("sub/a.png [output]", "{0}/sub/a.png [output]")]
    [InlineData("checkpoints/a.png [output]", "checkpoints/{0}/a.png [output]")]
    [InlineData("checkpoints/a.png", "{0}/checkpoints/a.png")]
    [InlineData("sub\\a.png", "{0}/sub/a.png")]
    [InlineData("./sub/../a.png[temp]", "{0}/a.pn" + "g[temp]")]
    [InlineData("", "{0}")]
    [InlineData("[output]", "{0} [output]")]
    [InlineData("x[temp]", "{0}x[temp]")]
    [InlineData("../a.png", null)]
    [InlineData("a/../../b.png", null)]
    [InlineData("/etc/passwd", null)]
    [InlineData("\\\\host\\share", null)]
    [InlineData("C:\\x", null)]
    [InlineData("a/.. /.. /b", null)]
    public void Loaded_OneName_IsBelowTheFolder(string name, string? expected) =>
        Assert.Equal(expected is null ? null : string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, Ann.Folder), Ann.Loaded(name));

    [Theory]
    [InlineData("ComfyUI", "{0}/ComfyUI")]
    [InlineData("%year%/%batch_num%", "{0}/%year%/%batch_num%")]
    [InlineData("loras/mine", "loras/{0}/mine")]
    [InlineData("loras", "{0}/loras")]
    [InlineData("", "{0}/ComfyUI")]
    [InlineData(".", "{0}/ComfyUI")]
    [InlineData("a/..", "{0}/ComfyUI")]
    [InlineData("..", null)]
    public void Saved_OnePrefix_IsBelowTheFolder(string prefix, string? expected) =>
        Assert.Equal(expected is null ? null : string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, Ann.Folder), Ann.Saved(prefix));

    [Fact]
    public void Told_Json_HasNoFolders()
    {
        var json = JsonElement.Parse($$$$$"""{"prompt": [1, {"image": "{{{{{Ann.Folder}}}}}/a.png"}], "at": "C:\\in\\{{{{{Ann.Folder}}}}}\\a.png\nnext", "subfolder": "{{{{{Ann.Folder}}}}}", "big": 18446744073709551615, "list": ["{{{{{Bob.Folder}}}}}/secret.png"]}""");

        Assert.Equal("""{"prompt": [1, {"image": "a.png"}], "at": "C:\\in\\a.png\nnext", "subfolder": "", "big": 18446744073709551615, "list": ["o-…/secret.png"]}""", Ann.Told(json).GetRawText());
    }

    [Fact]
    public void Choices_OfSeveralOwners_AreOnesOwnAndThoseForAll()
    {
        var input = Choices("shared.safetensors", $"{Ann.Folder}/mine.safetensors", $"{Bob.Folder}/his.safetensors", Ann.Folder);

        Assert.Equal(["shared.safetensors", "mine.safetensors"], Ann.Choices(input)!);
        Assert.Equal($"{Ann.Folder}/mine.safetensors", Ann.Chosen("mine.safetensors", input));
        Assert.Equal("shared.safetensors", Ann.Chosen("shared.safetensors", input));
        Assert.Equal("his.safetensors", Ann.Chosen("his.safetensors", input));
        Assert.True(Ann.NamesAnother($"{Bob.Folder.ToUpperInvariant()}/his.safetensors"));
    }

    [Theory]
    [InlineData("output", "{own}", "a.png", false, true)]
    [InlineData("output", "{own}/sub", "a.png", true, true)]
    [InlineData("output", "checkpoints/{own}", "a.safetensors", false, true)]
    [InlineData("input", "{own}", "a.png", false, true)]
    [InlineData("output", "", "a.png", false, true)] // of an extension that asks for no place
    [InlineData("output", "", "a.png", true, false)]
    [InlineData("input", "", "a.png", false, false)]
    [InlineData("output", "", "a.png [input]", false, false)]
    [InlineData("output", "{other}", "a.png", false, false)]
    [InlineData("output", "{own}/../{other}", "a.png", false, false)]
    [InlineData("output", "x/{own}", "a.png", true, false)]
    [InlineData("output", "..", "a.png", false, false)]
    [InlineData("output", "", "{own}/a.png", true, false)]
    [InlineData("output", "{own}", "../{other}/a.png", false, false)]
    [InlineData("output", "{own}", "blake3:00", false, false)]
    public void MayFetch_WhatARunShows_IsTheOwnersOrNobodys(string type, string subfolder, string filename, bool isBare, bool expected)
    {
        static string Fill(string text) => text.Replace("{own}", Ann.Folder, StringComparison.Ordinal).Replace("{other}", Bob.Folder, StringComparison.Ordinal);

        Assert.Equal(expected, Ann.MayFetch(type, Fill(subfolder), Fill(filename), isBare));
    }

    private static InputSpec Choices(params string[] choices) => new() { Name = "x", Type = "COMBO", Choices = choices, HasOwned = true, Use = FileUse.Choice };

    private static string Cut(string name)
    {
        foreach (var place in (string[])["[output]", "[input]", "[temp]"])
        {
            if (name.EndsWith(place, StringComparison.Ordinal))
            {
                return name[..Math.Max(0, name.Length - place.Length - 1)];
            }
        }

        return name;
    }

    /// <summary>As an engine on Linux joins it, and as one on Windows reads it.</summary>
    private static void AssertOwn(string name, bool isOutput)
    {
        var path = Path.GetFullPath(Path.Combine("/engine", name.Replace("\0", "", StringComparison.Ordinal)));
        var parts = path.Split('/')[2..];

        Assert.True(parts[0] == Ann.Folder || (isOutput && parts.Length > 1 && parts[1] == Ann.Folder), name);
        Assert.DoesNotContain('\\', name);
        Assert.DoesNotContain(name.Split('/'), p => p.Contains('.') && p.TrimEnd('.', ' ').Length == 0);
    }
}
