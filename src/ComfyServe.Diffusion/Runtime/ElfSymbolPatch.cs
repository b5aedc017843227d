using System.Buffers.Binary;
using System.Text;

namespace ComfyServe.Diffusion.Runtime;

/// <summary>
/// Rewrites the one symbol that keeps libLibTorchSharp.so from loading where libstdc++ is older than GCC 13.
/// </summary>
/// <remarks>
/// The library wants <c>std::ios_base_library_init()</c> of version GLIBCXX_3.4.32. Before GCC 13 the constructor
/// <c>std::ios_base::Init::Init()</c> of version GLIBCXX_3.4 did the same work and reads nothing of its object, so
/// pointing the symbol there is enough. Three entries change, all in place: the version need, the symbol's name
/// (the new one is shorter) and the symbol's version index. See docs/adr/0003-older-libstdcxx.md.
/// </remarks>
internal static class ElfSymbolPatch
{
    private const uint SectionDynamicSymbols = 11;
    private const uint SectionVersionNeed = 0x6FFFFFFE;
    private const uint SectionVersionSymbols = 0x6FFFFFFF;
    private const int SymbolSize = 24;
    private const string Wanted = "_ZSt21ios_base_library_initv";
    private const string Replacement = "_ZNSt8ios_base4InitC1Ev";
    private const string WantedVersion = "GLIBCXX_3.4.32";
    private const string ReplacementVersion = "GLIBCXX_3.4";

    /// <summary>Patches a 64-bit little-endian ELF image in place; false when it has no such symbol or version.</summary>
    /// <param name="image">The whole file.</param>
    public static bool TryApply(Span<byte> image)
    {
        if (image.Length < 64 || !image[..4].SequenceEqual("\u007fELF"u8))
        {
            return false;
        }

        var sections = ReadSections(image);
        var symbols = sections.FirstOrDefault(s => s.Type == SectionDynamicSymbols);
        var versions = sections.FirstOrDefault(s => s.Type == SectionVersionSymbols);
        var needs = sections.FirstOrDefault(s => s.Type == SectionVersionNeed);
        if (symbols.Size == 0 || versions.Size == 0 || needs.Size == 0)
        {
            return false;
        }

        var names = sections[symbols.Link].Offset;
        var wanted = FindNeed(image, needs, names, WantedVersion);
        var replacement = FindNeed(image, needs, names, ReplacementVersion);
        var symbol = FindSymbol(image, symbols, names);
        if (wanted < 0 || replacement < 0 || symbol < 0)
        {
            return false;
        }

        // 1. The version need becomes a second entry for the older version (hash, then name).
        image.Slice(replacement, 4).CopyTo(image.Slice(wanted, 4));
        image.Slice(replacement + 8, 4).CopyTo(image.Slice(wanted + 8, 4));

        // 2. The symbol takes the constructor's name.
        var name = names + (int)ReadUInt32(image, symbols.Offset + (symbol * SymbolSize));
        image.Slice(name, Wanted.Length).Clear();
        Encoding.ASCII.GetBytes(Replacement, image[name..]);

        // 3. The symbol's version index becomes the older version's.
        image.Slice(replacement + 6, 2).CopyTo(image.Slice(versions.Offset + (2 * symbol), 2));
        return true;
    }

    private static List<Section> ReadSections(ReadOnlySpan<byte> image)
    {
        var start = (int)BinaryPrimitives.ReadUInt64LittleEndian(image[0x28..]);
        var size = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3A..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(image[0x3C..]);
        var sections = new List<Section>(count);
        for (var i = 0; i < count; i++)
        {
            var header = image[(start + (i * size))..];
            sections.Add(new Section(
                ReadUInt32(header, 4),
                (int)BinaryPrimitives.ReadUInt64LittleEndian(header[0x18..]),
                (int)BinaryPrimitives.ReadUInt64LittleEndian(header[0x20..]),
                (int)ReadUInt32(header, 0x28),
                (int)ReadUInt32(header, 0x2C)));
        }

        return sections;
    }

    /// <summary>Offset of the Vernaux entry (hash u32, flags u16, index u16, name u32, next u32) of a version.</summary>
    private static int FindNeed(ReadOnlySpan<byte> image, Section needs, int names, string version)
    {
        var at = needs.Offset;
        for (var file = 0; file < needs.Info; file++)
        {
            var entries = BinaryPrimitives.ReadUInt16LittleEndian(image[(at + 2)..]);
            var fromLibstdcxx = ReadText(image, names + (int)ReadUInt32(image, at + 4)) == "libstdc++.so.6";
            var entry = at + (int)ReadUInt32(image, at + 8);
            for (var i = 0; i < entries; i++)
            {
                if (fromLibstdcxx && ReadText(image, names + (int)ReadUInt32(image, entry + 8)) == version)
                {
                    return entry;
                }

                entry += (int)ReadUInt32(image, entry + 12);
            }

            at += (int)ReadUInt32(image, at + 12);
        }

        return -1;
    }

    private static int FindSymbol(ReadOnlySpan<byte> image, Section symbols, int names)
    {
        for (var i = 0; i < symbols.Size / SymbolSize; i++)
        {
            if (ReadText(image, names + (int)ReadUInt32(image, symbols.Offset + (i * SymbolSize))) == Wanted)
            {
                return i;
            }
        }

        return -1;
    }

    private static uint ReadUInt32(ReadOnlySpan<byte> image, int offset) =>
        BinaryPrimitives.ReadUInt32LittleEndian(image[offset..]);

    private static string ReadText(ReadOnlySpan<byte> image, int offset)
    {
        var text = image[offset..];
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    private readonly record struct Section(uint Type, int Offset, int Size, int Link, int Info);
}
