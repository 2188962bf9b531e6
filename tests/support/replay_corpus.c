/* Stands in for libFuzzer where the compiler has none: runs the target over every file of the folders named. Exit
 * status 1 when there was no file at all, so that a lost corpus does not look like success. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    fseek(f, 0, SEEK_END);
    long len = ftell(f);
    rewind(f);
    uint8_t *data = len >= 0 ? malloc((size_t)len + 1) : NULL;
    size_t got = data ? fread(data, 1, (size_t)len, f) : 0;
    fclose(f);
    if (data)
        LLVMFuzzerTestOneInput(data, got);
    free(data);
    return data != NULL;
}

int main(int argc, char **argv)
{
    int files = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        if (!dir)
            continue;
        for (struct dirent *e; (e = readdir(dir));) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            if (e->d_name[0] != '.')
                files += replay(path);
        }
        closedir(dir);
    }
    printf("%d inputs replayed\n", files);
    return files == 0;
}
