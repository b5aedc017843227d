namespace ComfyServe.Provisioning.Catalogue;

/// <summary>The models that ComfyServe knows by name.</summary>
public static class ModelCatalogue
{
    /// <summary>All entries. The digest is the one that the hosting site states for the file, and that several projects pin.</summary>
    public static IReadOnlyList<CatalogueEntry> Entries { get; } =
    [
        new(
            "v1-5-pruned-emaonly-fp16.safetensors",
            "checkpoints",
            new Uri("https://huggingface.co/Comfy-Org/stable-diffusion-v1-5-archive/resolve/main/v1-5-pruned-emaonly-fp16.safetensors"),
            "e9476a13728cd75d8279f6ec8bad753a66a1957ca375a1464dc63b37db6e3916",
            2_132_696_762,
            "CreativeML Open RAIL-M")
        {
            Alias = "sd15",
        },
    ];

    /// <summary>The entry of a name or an alias; null where there is none.</summary>
    public static CatalogueEntry? Find(string name) => Entries.FirstOrDefault(e => e.Name == name || e.Alias == name);
}
