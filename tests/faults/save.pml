/*
 * The save protocol of docs/design.md, "Saving", against a kernel that writes data and names back in any order, an I/O
 * error at any write-back, a power cut at any time, and a second save to the same path.
 *
 *     spin -a save.pml && gcc -O2 -o pan pan.c && ./pan          "errors: 0"
 *
 * With one step taken out, Spin must find a counterexample ("errors: 1"; `spin -t -p save.pml` with the same -D shows it):
 *
 *     spin -DNO_FSYNC_FILE -a save.pml      the name reaches the disk before the data
 *     spin -DNO_FSYNC_FOLDER -a save.pml    success is reported, the disk still has OLD
 *     spin -DFSYNC_AFTER_RENAME -a save.pml as the first
 *     spin -DRETRY_FSYNC -a save.pml        the second fsync says yes to what the first lost
 *     spin -DIN_PLACE -a save.pml           no temporary file: OLD is gone before NEW is there
 *     spin -DSHARED_NAME -a save.pml        both saves use one temporary name
 *
 * check_model.sh runs them all.
 */

#define CHUNKS 2     /* of a file: its body, and its footer, written last */
#define FILES 3      /* OLD is file 0; save n writes file n */

typedef File {
    bool written[CHUNKS];  /* as every process sees it */
    bool dirty[CHUNKS];    /* written, and not yet tried to bring to the disk */
    bool stored[CHUNKS];   /* on the disk */
    bool lost              /* a write-back failed, and no fsync has said so yet */
};

File file[FILES];
byte name_seen = 0, name_stored = 0;  /* the file that the target's name leads to: seen by processes, on the disk */
bool success = false;                 /* a save was reported as done */
bool power = true;

#define COMPLETE(what, f) (file[f].what[0] && file[f].what[1])

/* The kernel tries to bring one dirty chunk to the disk. If that fails it forgets that the chunk was dirty. */
inline write_back(f, c) {
    if
    :: file[f].stored[c] = file[f].written[c]
    :: file[f].lost = true
    fi;
    file[f].dirty[c] = false
}

inline write_chunk(f, c) {
    atomic { power -> file[f].written[c] = true; file[f].stored[c] = false; file[f].dirty[c] = true }
}

/* An error is said once; the next fsync knows nothing of it. */
inline fsync_file(f, failed) {
    atomic {
        power;
        if :: file[f].dirty[0] -> write_back(f, 0) :: else fi;
        if :: file[f].dirty[1] -> write_back(f, 1) :: else fi;
        failed = file[f].lost;
        file[f].lost = false
    }
}

inline rename_to_target(f) {
    atomic { power -> name_seen = f }
}

inline fsync_folder(failed) {
    atomic {
        power;
        if :: name_stored = name_seen; failed = false :: failed = true fi
    }
}

proctype save(byte n) {
    bool failed = false;
    byte mine = n;
#ifdef SHARED_NAME
    mine = 1;
    atomic { power -> file[mine].written[0] = false; file[mine].written[1] = false }  /* O_TRUNC */
#endif
#ifdef IN_PLACE
    mine = 0;
    atomic { power -> file[mine].written[0] = false; file[mine].written[1] = false;
             file[mine].stored[0] = false; file[mine].stored[1] = false }
#endif
    write_chunk(mine, 0);
    write_chunk(mine, 1);
#if !defined(NO_FSYNC_FILE) && !defined(FSYNC_AFTER_RENAME)
    fsync_file(mine, failed);
#ifdef RETRY_FSYNC
    if :: failed -> fsync_file(mine, failed) :: else fi;
#endif
    if :: failed -> goto stop :: else fi;
#endif
    rename_to_target(mine);
#ifdef FSYNC_AFTER_RENAME
    fsync_file(mine, failed);
    if :: failed -> goto stop :: else fi;
#endif
#ifndef NO_FSYNC_FOLDER
    fsync_folder(failed);
    if :: failed -> goto stop :: else fi;  /* not_durable: NEW is in place, but that is all that is promised */
#endif
    atomic { power -> success = true };
stop:
    skip
}

proctype kernel() {
    do
    :: atomic { power && name_stored != name_seen -> name_stored = name_seen }
    :: atomic { power && file[0].dirty[0] -> write_back(0, 0) }
    :: atomic { power && file[0].dirty[1] -> write_back(0, 1) }
    :: atomic { power && file[1].dirty[0] -> write_back(1, 0) }
    :: atomic { power && file[1].dirty[1] -> write_back(1, 1) }
    :: atomic { power && file[2].dirty[0] -> write_back(2, 0) }
    :: atomic { power && file[2].dirty[1] -> write_back(2, 1) }
    :: !power -> break
    od
}

/* At any time: what a reader finds is whole, also after the saving process was killed. */
proctype reader() {
    atomic { power -> assert(COMPLETE(written, name_seen)) }
}

/* At any time: what is on the disk is whole, and it is NEW once a save was reported as done. */
proctype power_cut() {
    atomic {
        power = false;
        assert(COMPLETE(stored, name_stored));
        assert(!success || name_stored != 0)
    }
}

init {
    atomic {
        file[0].written[0] = true; file[0].written[1] = true;
        file[0].stored[0] = true; file[0].stored[1] = true;
        run kernel(); run reader(); run power_cut(); run save(1); run save(2)
    }
}
